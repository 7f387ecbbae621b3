import BotEngine
import Wire

extension WireLimits {
  /// The bounds of a meeting's control stream: those of a request, and room for the roster of a large meeting.
  static let meetingControl: WireLimits = {
    var limits = WireLimits()
    limits.fields = 12_000
    limits.textBytes = 1024
    limits.otherValues = 1000
    return limits
  }()

  /// The bounds of a meeting's media without video: those of a request.
  static let meetingAudio = WireLimits.request

  /// The bounds of a meeting's media with video: a picture of nearly 4 MiB.
  static let meetingVideo: WireLimits = {
    var limits = WireLimits()
    limits.messageBytes = 4 << 20
    limits.binaryBytes = 4 << 20
    return limits
  }()
}

extension MeetingControl {
  private static let schema = WireSchema(webex__meetings__control_request__init, limits: .meetingControl)

  /// Reads a `ControlRequest`.
  ///
  /// - Throws: ``MessageError``
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    let arena = CappedArena(bytes: 1 << 20, allocations: 8192)
    let message = try MessageDecoder<Webex__Meetings__ControlRequest>(Self.schema, arena: arena).decode(bytes)
    self = Self(message.pointer.pointee)
  }

  private init(_ message: Webex__Meetings__ControlRequest) {
    self = .unknown
    switch message.payload_case {
    case WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_STREAM_OPEN:
      if let open = message.stream_open { self = .open(MeetingStreamOpen(open.pointee)) }
    case WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_SERVICE_DATA:
      guard let data = message.service_data?.pointee,
        data.payload_case == WEBEX__MEETINGS__SERVICE_DATA__PAYLOAD_MEETING_DATA,
        let meeting = data.meeting_data?.pointee,
        meeting.payload_case == WEBEX__MEETINGS__MEETING_DATA__PAYLOAD_ROSTER, let roster = meeting.roster?.pointee
      else { return }
      self = .roster(RosterUpdate(roster))
    case WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_STREAM_ERROR:
      if let error = message.stream_error?.pointee { self = .error(MeetingStreamError(error)) }
    case WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_STREAM_CLOSE:
      if let close = message.stream_close?.pointee { self = .close(MeetingCloseReason(close)) }
    default: break
    }
  }
}

extension MeetingStreamOpen {
  init(_ message: Webex__Meetings__StreamOpen) {
    self.init(
      streamID: BorrowedText(message.stream_id).string,
      mediaType: MeetingMediaType(rawValue: Int32(bitPattern: message.media_type.rawValue)) ?? .unspecified,
      organizationID: BorrowedText(message.org_id).string,
      conversationID: BorrowedText(message.conversation_id).string,
      parameters: BotValue.object(message.parameters))
  }
}

extension MeetingCloseReason {
  init(_ message: Webex__Meetings__StreamClose) {
    self = Self(rawValue: Int32(bitPattern: message.reason.rawValue)) ?? .unspecified
  }
}

extension MeetingStreamError {
  init(_ message: Webex__Meetings__StreamError) {
    self.init(
      streamID: BorrowedText(message.stream_id).string,
      code: MeetingErrorCode(rawValue: Int32(bitPattern: message.error_code.rawValue)) ?? .unspecified,
      message: BorrowedText(message.error_message).string,
      sequenceNumber: message.tracking_info?.pointee.sequence_number ?? 0,
      timestamp: message.tracking_info?.pointee.timestamp_ms ?? 0)
  }

  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Meetings__StreamError> {
    let error = builder.make(webex__meetings__stream_error__init)
    error.pointee.stream_id = builder.text(streamID)
    error.pointee.error_code = Webex__Meetings__ErrorCode(rawValue: UInt32(bitPattern: code.rawValue))
    error.pointee.error_message = builder.text(message)
    if sequenceNumber != 0 || timestamp != 0 {
      let tracking = builder.make(webex__meetings__tracking_info__init)
      tracking.pointee.sequence_number = sequenceNumber
      tracking.pointee.timestamp_ms = timestamp
      error.pointee.tracking_info = tracking
    }
    return error
  }
}

extension RosterUpdate {
  fileprivate init(_ message: Webex__Meetings__Roster) {
    self.init(
      sequenceNumber: message.sequence_number, isRefresh: message.refresh != 0,
      additions: UnsafeBufferPointer(start: message.additions, count: message.n_additions)
        .compactMap { ($0?.pointee).map(MediaParticipant.init) },
      changes: UnsafeBufferPointer(start: message.changes, count: message.n_changes)
        .compactMap { ($0?.pointee).map(MediaParticipant.init) },
      removals: UnsafeBufferPointer(start: message.removals, count: message.n_removals)
        .map { BorrowedText($0).string })
  }
}

extension MediaParticipant {
  fileprivate init(_ message: Webex__Meetings__Participant) {
    self.init(
      id: BorrowedText(message.participant_id).string, displayName: BorrowedText(message.display_name).string,
      isAudioActive: message.audio_active != 0, isVideoActive: message.video_active != 0,
      isCohost: message.cohost != 0, joinedAt: message.joined_at_ms,
      trust: Trust(message.trust_level))
  }
}

extension MediaParticipant.Trust {
  fileprivate init(_ level: Webex__Meetings__IdentityTrustLevel) {
    self =
      switch level {
      case WEBEX__MEETINGS__IDENTITY_TRUST_LEVEL__INTERNAL: .internal
      case WEBEX__MEETINGS__IDENTITY_TRUST_LEVEL__EXTERNAL: .external
      case WEBEX__MEETINGS__IDENTITY_TRUST_LEVEL__UNVERIFIED: .unverified
      default: .unspecified
      }
  }
}

extension MeetingResponse {
  /// The `ControlResponse` on the wire.
  public func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__meetings__control_response__init)
    switch self {
    case .requestAudio(let codec, let streams):
      let audio = builder.make(webex__meetings__audio_config__init)
      audio.pointee.codec =
        switch codec {
        case .opus: WEBEX__MEETINGS__AUDIO_CODEC__OPUS
        case .mulaw: WEBEX__MEETINGS__AUDIO_CODEC__MULAW
        case .alaw: WEBEX__MEETINGS__AUDIO_CODEC__ALAW
        }
      audio.pointee.max_streams = Int32(clamping: streams)
      let request = builder.make(webex__meetings__media_stream_request__init)
      request.pointee.config_case = WEBEX__MEETINGS__MEDIA_STREAM_REQUEST__CONFIG_AUDIO_CONFIG
      request.pointee.audio_config = audio
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_RESPONSE__PAYLOAD_MEDIA_STREAM_REQUEST
      message.pointee.media_stream_request = request
    case .requestVideo(let participants, let resolution, let framesPerSecond):
      let video = builder.make(webex__meetings__video_config__init)
      video.pointee.codec = WEBEX__MEETINGS__VIDEO_CODEC__H264
      video.pointee.max_resolution =
        switch resolution {
        case .sd: WEBEX__MEETINGS__VIDEO_RESOLUTION__SD
        case .hd: WEBEX__MEETINGS__VIDEO_RESOLUTION__HD
        case .fhd: WEBEX__MEETINGS__VIDEO_RESOLUTION__FHD
        }
      video.pointee.max_fps = Int32(clamping: framesPerSecond)
      (video.pointee.n_participant_ids, video.pointee.participant_ids) = builder.array(
        participants.map { builder.text($0) })
      let request = builder.make(webex__meetings__media_stream_request__init)
      request.pointee.config_case = WEBEX__MEETINGS__MEDIA_STREAM_REQUEST__CONFIG_VIDEO_CONFIG
      request.pointee.video_config = video
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_RESPONSE__PAYLOAD_MEDIA_STREAM_REQUEST
      message.pointee.media_stream_request = request
    case .requestKeyframe(let streamID):
      let control = builder.make(webex__meetings__media_control__init)
      control.pointee.action = WEBEX__MEETINGS__MEDIA_CONTROL_ACTION__REQUEST_KEYFRAME
      control.pointee.stream_id = builder.text(streamID)
      let command = builder.make(webex__meetings__control_command__init)
      command.pointee.command_case = WEBEX__MEETINGS__CONTROL_COMMAND__COMMAND_MEDIA_CONTROL
      command.pointee.media_control = control
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_RESPONSE__PAYLOAD_CONTROL_COMMAND
      message.pointee.control_command = command
    case .requestRoster:
      let meeting = builder.make(webex__meetings__meeting_command__init)
      meeting.pointee.command = WEBEX__MEETINGS__MEETING_COMMAND_TYPE__REQUEST_ROSTER_REFRESH
      let command = builder.make(webex__meetings__control_command__init)
      command.pointee.command_case = WEBEX__MEETINGS__CONTROL_COMMAND__COMMAND_MEETING_COMMAND
      command.pointee.meeting_command = meeting
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_RESPONSE__PAYLOAD_CONTROL_COMMAND
      message.pointee.control_command = command
    case .error(let error):
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_RESPONSE__PAYLOAD_STREAM_ERROR
      message.pointee.stream_error = error.build(builder)
    }
    return builder.pack(message)
  }
}
