public import Wire

/// Decodes what comes of a meeting's media: `MediaRequest`. One for each thread that receives; see
/// ``VoiceRequestDecoder``.
public final class MeetingMediaDecoder {
  private static let audio = WireSchema(webex__meetings__media_request__init, limits: .meetingAudio)
  private static let video = WireSchema(webex__meetings__media_request__init, limits: .meetingVideo)

  private let decoder: MessageDecoder<Webex__Meetings__MediaRequest>

  /// A decoder with memory of its own: 1 MiB, or 5 MiB where video is taken, of which only what is used becomes
  /// resident.
  public init(takesVideo: Bool) {
    decoder =
      takesVideo
      ? MessageDecoder(Self.video, arena: CappedArena(bytes: 5 << 20)) : MessageDecoder(Self.audio)
  }

  /// Decodes a message. What it lends must not be used once the decoder decodes another.
  ///
  /// - Throws: ``MessageError`` where the message is malformed or over a limit.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> MeetingMedia {
    try MeetingMedia(decoder.decode(bytes).pointer.pointee)
  }
}

/// One `MediaRequest`, valid until its ``MeetingMediaDecoder`` decodes another.
public enum MeetingMedia {
  /// The stream begins.
  case open(MeetingStreamOpen)
  /// A packet.
  case payload(Payload)
  /// The stream is over.
  case close(MeetingCloseReason)
  /// A payload that this version does not know.
  case unknown

  /// `MediaPayload`.
  public struct Payload {
    /// The packet.
    public let bytes: UnsafeRawBufferPointer
    /// The sender's time, in milliseconds.
    public let timestamp: Int64
    /// From 1; a gap is a lost packet.
    public let sequenceNumber: UInt64
    /// Who is heard or seen.
    public let participantID: BorrowedText
  }

  init(_ message: Webex__Meetings__MediaRequest) {
    self = .unknown
    switch message.payload_case {
    case WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_STREAM_OPEN:
      if let open = message.stream_open { self = .open(MeetingStreamOpen(open.pointee)) }
    case WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_MEDIA_PAYLOAD:
      guard let payload = message.media_payload?.pointee else { return }
      self = .payload(
        Payload(
          bytes: UnsafeRawBufferPointer(start: payload.data.data, count: payload.data.len),
          timestamp: payload.timestamp_ms, sequenceNumber: payload.sequence_number,
          participantID: BorrowedText(payload.participant_id)))
    case WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_STREAM_CLOSE:
      if let close = message.stream_close?.pointee { self = .close(MeetingCloseReason(close)) }
    default: break
    }
  }
}
