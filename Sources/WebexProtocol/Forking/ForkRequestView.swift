public import AudioCodecs
public import Wire

/// Decodes what comes of forked conversations: `ConversationAudioForkingRequest`, within the bounds of
/// ``WireLimits/request``.
///
/// One for each thread that receives; see ``VoiceRequestDecoder``.
public final class ForkRequestDecoder {
  private static let schema = WireSchema(webex__forking__conversation_audio_forking_request__init, limits: .request)

  private let decoder = MessageDecoder<Webex__Forking__ConversationAudioForkingRequest>(schema)

  /// A decoder with memory of its own.
  public init() {}

  /// Decodes a request and lends it. What the request lends must not be used after it, and no other is decoded while it
  /// lasts.
  ///
  /// - Throws: ``MessageError`` where the request is malformed or over a limit.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> ForkRequestView {
    try ForkRequestView(lent: decoder.decode(bytes))
  }
}

/// One `ConversationAudioForkingRequest` as it was received. It and what it lends live in
/// the decoder's memory and are valid as long as this value.
public struct ForkRequestView: ~Copyable {
  /// How the audio is written.
  public enum Encoding: Equatable {
    /// As the leg's earlier messages stated it.
    case unstated
    case stated(AudioEncoding)
    /// A number that the schema does not have.
    case unknown(Int32)
  }

  /// `AudioStream`: a piece of one leg's audio.
  public struct Audio {
    /// `audio_data`: 0 bytes to 64 KiB.
    public let bytes: UnsafeRawBufferPointer
    /// How it is written.
    public let encoding: Encoding
    /// Samples a second as stated, whatever it is; 0 is not stated.
    public let sampleRate: Int32
    /// `audio_timestamp` in microseconds since 1970; `nil` where it is not stated or no time that can be.
    public let timestamp: Int64?
    /// Who speaks.
    public let role: ForkRole
    /// The platform's id of the leg; may be empty.
    public let roleID: BorrowedText
  }

  fileprivate let lent: LentMessage<Webex__Forking__ConversationAudioForkingRequest>
  private var message: UnsafePointer<Webex__Forking__ConversationAudioForkingRequest> { lent.pointer }

  /// What of the flow designer's values is over a bound and therefore not here.
  public var leftOut: LeftOutValues { lent.leftOut }

  /// The conversation; may be left out after an RPC's first message.
  public var conversationID: BorrowedText { BorrowedText(message.pointee.conversation_id) }

  /// The customer's organization, as the message claims it.
  public var organizationID: BorrowedText { BorrowedText(message.pointee.customer_org_id) }

  /// A copy of what the flow hands over: at most 32 entries.
  public var additionalInfo: [String: String] {
    .init(message.pointee.additional_info, count: message.pointee.n_additional_info)
  }

  /// The audio, where there is some.
  public var audio: Audio? {
    guard let audio = message.pointee.audio?.pointee else { return nil }
    let encoding: Encoding =
      switch audio.encoding {
      case WEBEX__FORKING__AUDIO_ENCODING__UNSPECIFIED: .unstated
      case WEBEX__FORKING__AUDIO_ENCODING__LINEAR16: .stated(.linear16)
      case WEBEX__FORKING__AUDIO_ENCODING__MULAW: .stated(.mulaw)
      case WEBEX__FORKING__AUDIO_ENCODING__ALAW: .stated(.alaw)
      default: .unknown(Int32(bitPattern: audio.encoding.rawValue))
      }
    return Audio(
      bytes: UnsafeRawBufferPointer(start: audio.audio_data.data, count: audio.audio_data.len), encoding: encoding,
      sampleRate: audio.sample_rate_hertz, timestamp: Self.microseconds(audio.audio_timestamp),
      role: ForkRole(wire: Int32(bitPattern: audio.role.rawValue)), roleID: BorrowedText(audio.role_id))
  }

  /// A time outside of what protobuf's timestamps can tell (years 1 to 9999) is none, and neither is the zero that an
  /// unset clock gives. Nanoseconds over a second are carried over.
  private static func microseconds(_ timestamp: UnsafePointer<Google__Protobuf__Timestamp>?) -> Int64? {
    guard let timestamp = timestamp?.pointee, timestamp.seconds != 0 || timestamp.nanos != 0,
      (-62_135_596_800...253_402_300_799).contains(timestamp.seconds)
    else { return nil }
    return timestamp.seconds * 1_000_000 + Int64(timestamp.nanos) / 1000
  }
}

/// Who speaks on a leg.
public enum ForkRole: Int32, Sendable, Hashable {
  /// Not stated, or a number that the schema does not have.
  case unspecified = 0
  case caller = 1
  case agent = 2

  /// The role of a number on the wire.
  public init(wire: Int32) { self = Self(rawValue: wire) ?? .unspecified }
}

/// A `ConversationAudioForkingResponse`.
public enum ForkResponse: Sendable, Hashable {
  /// The stream was taken to its end.
  case success
  /// The format stated is impossible, or the audio is not in it. The stream goes on.
  case invalidAudioFormat
  /// The stream cannot be taken any further.
  case failure

  /// The response on the wire.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__forking__conversation_audio_forking_response__init)
    let (text, code) =
      switch self {
      case .success: ("SUCCESS", WEBEX__FORKING__ERROR_CODE__ERROR_NONE)
      case .invalidAudioFormat:
        ("the audio is not in the format that is stated", WEBEX__FORKING__ERROR_CODE__ERROR_INVALID_AUDIO_FORMAT)
      case .failure: ("the stream failed", WEBEX__FORKING__ERROR_CODE__ERROR_STREAM_FAILURE)
      }
    message.pointee.status_message = builder.text(text)
    message.pointee.error_code = code
    return builder.pack(message)
  }
}
