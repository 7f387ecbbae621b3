public import AudioCodecs
public import BotEngine
public import Wire

/// One `VoiceVARequest` as it was received. It and what it lends (texts, audio, events) live in the decoder's memory and
/// are valid as long as this value.
public struct VoiceRequestView: ~Copyable {
  /// `voice_va_input_type`.
  public enum Input {
    /// No member of the oneof.
    case none
    /// `audio_input`
    case audio(AudioInput)
    /// `dtmf_input`: all keys of an entry, and how many further ones are no keys by the schema.
    case dtmf([DTMFKey], unknownCount: Int)
    /// `event_input`
    case event(EventInput)
  }

  /// `VoiceInput`.
  public struct AudioInput {
    /// `caller_audio`: 0 bytes to 64 KiB, as ``encoding`` says.
    public let bytes: UnsafeRawBufferPointer
    /// `nil` is not stated: as the RPC's earlier messages stated it.
    public let encoding: AudioEncoding?
    /// Samples a second as stated, whatever it is; 0 is not stated.
    public let sampleRate: Int32
    /// BCP 47, such as `en-US`; empty is not stated.
    public let languageCode: BorrowedText
    /// `is_single_utterance`
    public let isSingleUtterance: Bool
  }

  /// `EventInput`.
  public struct EventInput {
    private let message: UnsafePointer<Webex__Voice__EventInput>

    init(_ message: UnsafePointer<Webex__Voice__EventInput>) { self.message = message }

    /// What happened.
    public var kind: VoiceRequest.Event.Kind {
      VoiceRequest.Event.Kind(wire: Int32(bitPattern: message.pointee.event_type.rawValue))
    }

    /// The name of a custom event.
    public var name: BorrowedText { BorrowedText(message.pointee.name) }

    /// A copy of the event's data: at most 256 values, at most 16 levels deep.
    public var parameters: [String: BotValue] { BotValue.object(message.pointee.parameters) }
  }

  private let lent: LentMessage<Webex__Voice__VoiceVARequest>
  private let encoding: AudioEncoding?
  private var message: UnsafePointer<Webex__Voice__VoiceVARequest> { lent.pointer }
  /// What of the flow designer's values is over a bound and therefore not here.
  public var leftOut: LeftOutValues { lent.leftOut }

  init(_ message: consuming LentMessage<Webex__Voice__VoiceVARequest>) throws(MessageError) {
    encoding = try Self.audio(message.pointer).flatMap { audio throws(MessageError) in try Self.encoding(audio) }
    lent = message
  }

  private static func encoding(_ audio: UnsafePointer<Webex__Voice__VoiceInput>) throws(MessageError) -> AudioEncoding?
  {
    switch audio.pointee.encoding {
    case WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__UNSPECIFIED_FORMAT: nil
    case WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__LINEAR16_FORMAT: .linear16
    case WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__MULAW_FORMAT: .mulaw
    case WEBEX__VOICE__VOICE_INPUT__VOICE_ENCODING__ALAW_FORMAT: .alaw
    default:
      throw MessageError(
        .unknownValue(Int32(bitPattern: audio.pointee.encoding.rawValue)), at: "audio_input.encoding")
    }
  }

  private static func audio(
    _ message: UnsafePointer<Webex__Voice__VoiceVARequest>
  ) -> UnsafePointer<Webex__Voice__VoiceInput>? {
    guard
      message.pointee.voice_va_input_type_case
        == WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_AUDIO_INPUT
    else { return nil }
    return UnsafePointer(message.pointee.audio_input)
  }

  /// The same over all RPCs of a call.
  public var conversationID: BorrowedText { BorrowedText(message.pointee.conversation_id) }

  /// The customer's organization, as the message claims it.
  public var organizationID: BorrowedText { BorrowedText(message.pointee.customer_org_id) }

  /// An agent's id or its place in the list, from 1; empty is the default agent.
  public var agentID: BorrowedText { BorrowedText(message.pointee.virtual_agent_id) }

  /// Whether responses of type PARTIAL may be sent.
  public var allowsPartialResponses: Bool { message.pointee.allow_partial_responses != 0 }

  /// A copy of the free text of the configuration in Control Hub; `nil` where it is empty.
  public var vendorConfiguration: String? { BorrowedText(message.pointee.vendor_specific_config).nonEmptyString }

  /// A copy of what the flow hands over: at most 32 entries.
  public var additionalInfo: [String: String] {
    .init(message.pointee.additional_info, count: message.pointee.n_additional_info)
  }

  /// What comes from the caller.
  public var input: Input {
    if let audio = Self.audio(message) {
      return .audio(
        AudioInput(
          bytes: UnsafeRawBufferPointer(start: audio.pointee.caller_audio.data, count: audio.pointee.caller_audio.len),
          encoding: encoding, sampleRate: audio.pointee.sample_rate_hertz,
          languageCode: BorrowedText(audio.pointee.language_code),
          isSingleUtterance: audio.pointee.is_single_utterance != 0))
    }
    switch message.pointee.voice_va_input_type_case {
    case WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_DTMF_INPUT:
      guard let dtmf = message.pointee.dtmf_input else { return .none }
      let numbers = UnsafeBufferPointer(start: dtmf.pointee.dtmf_events, count: dtmf.pointee.n_dtmf_events)
      let keys = numbers.compactMap { DTMFKey(rawValue: Int32(bitPattern: $0.rawValue)) }
      return .dtmf(keys, unknownCount: numbers.count - keys.count)
    case WEBEX__VOICE__VOICE_VAREQUEST__VOICE_VA_INPUT_TYPE_EVENT_INPUT:
      guard let event = message.pointee.event_input else { return .none }
      return .event(EventInput(event))
    default:
      return .none
    }
  }
}

extension VoiceRequest {
  /// A copy of a request, which may be kept. Keys that the schema does not have are left out.
  public init(_ view: borrowing VoiceRequestView) {
    let input: Input =
      switch view.input {
      case .none: .none
      case .audio(let audio):
        .audio(
          Audio(
            bytes: Array(audio.bytes), encoding: audio.encoding, sampleRate: audio.sampleRate,
            languageCode: audio.languageCode.nonEmptyString, isSingleUtterance: audio.isSingleUtterance))
      case .dtmf(let keys, unknownCount: _): .dtmf(keys)
      case .event(let event):
        .event(Event(event.kind, name: event.name.nonEmptyString, parameters: event.parameters))
      }
    self.init(
      conversationID: view.conversationID.string, organizationID: view.organizationID.string,
      agentID: view.agentID.string, allowsPartialResponses: view.allowsPartialResponses,
      vendorConfiguration: view.vendorConfiguration, additionalInfo: view.additionalInfo, input: input)
  }
}
