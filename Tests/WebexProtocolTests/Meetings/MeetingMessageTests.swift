import BotEngine
import Testing

@testable import WebexProtocol
import Wire

@Suite("Messages of meetings")
struct MeetingMessageTests {
  private func opening(_ builder: MessageBuilder) -> UnsafeMutablePointer<Webex__Meetings__StreamOpen> {
    let open = builder.make(webex__meetings__stream_open__init)
    open.pointee.stream_id = builder.text("s-1")
    open.pointee.media_type = WEBEX__MEETINGS__MEDIA_TYPE__CONTROL
    open.pointee.org_id = builder.text("org")
    open.pointee.conversation_id = builder.text("meeting")
    open.pointee.parameters = BotValue.build(["topic": .string("standup")], builder)
    return open
  }

  private func decode(_ bytes: [UInt8]) throws -> MeetingControl {
    try bytes.withUnsafeBytes { try MeetingControl(decoding: $0) }
  }

  @Test("A control stream's opening is read with its parameters")
  func open() throws {
    let builder = MessageBuilder()
    let message = builder.make(webex__meetings__control_request__init)
    message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_STREAM_OPEN
    message.pointee.stream_open = opening(builder)
    #expect(
      try decode(builder.pack(message))
        == .open(
          MeetingStreamOpen(
            streamID: "s-1", mediaType: .control, organizationID: "org", conversationID: "meeting",
            parameters: ["topic": .string("standup")])))
  }

  @Test("A roster of 1,000 is read, one of 1,001 is over the limit")
  func roster() throws {
    func roster(_ count: Int) -> [UInt8] {
      let builder = MessageBuilder()
      let roster = builder.make(webex__meetings__roster__init)
      roster.pointee.sequence_number = 7
      roster.pointee.refresh = 1
      (roster.pointee.n_additions, roster.pointee.additions) = builder.array(
        (0..<count).map { number in
          let participant = builder.make(webex__meetings__participant__init)
          participant.pointee.participant_id = builder.text("p\(number)")
          participant.pointee.display_name = builder.text("N")
          participant.pointee.audio_active = 1
          participant.pointee.trust_level = WEBEX__MEETINGS__IDENTITY_TRUST_LEVEL__EXTERNAL
          return participant
        })
      let meeting = builder.make(webex__meetings__meeting_data__init)
      meeting.pointee.payload_case = WEBEX__MEETINGS__MEETING_DATA__PAYLOAD_ROSTER
      meeting.pointee.roster = roster
      let data = builder.make(webex__meetings__service_data__init)
      data.pointee.payload_case = WEBEX__MEETINGS__SERVICE_DATA__PAYLOAD_MEETING_DATA
      data.pointee.meeting_data = meeting
      let message = builder.make(webex__meetings__control_request__init)
      message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_SERVICE_DATA
      message.pointee.service_data = data
      return builder.pack(message)
    }
    guard case .roster(let update) = try decode(roster(1000)) else {
      Issue.record("no roster")
      return
    }
    #expect(update.sequenceNumber == 7)
    #expect(update.isRefresh)
    #expect(update.additions.count == 1000)
    #expect(update.additions[999] == .init(id: "p999", displayName: "N", isAudioActive: true, trust: .external))
    #expect(throws: MessageError.self) { try decode(roster(1001)) }
  }

  @Test("What is said on the control stream is read back by protobuf-c as it was meant")
  func responses() throws {
    let schema = WireSchema(webex__meetings__control_response__init, limits: .response)
    let decoder = MessageDecoder<Webex__Meetings__ControlResponse>(schema)
    func read<R>(_ response: MeetingResponse, _ body: (Webex__Meetings__ControlResponse) throws -> R) throws -> R {
      let bytes = response.encoded()
      let message = try bytes.span.bytes.withUnsafeBytes { try decoder.decode($0) }
      return try body(message.pointer.pointee)
    }
    try read(.requestAudio(.opus, streams: 3)) {
      #expect($0.media_stream_request.pointee.audio_config.pointee.codec == WEBEX__MEETINGS__AUDIO_CODEC__OPUS)
      #expect($0.media_stream_request.pointee.audio_config.pointee.max_streams == 3)
    }
    try read(.requestVideo(participants: ["a", "b"], .fhd, framesPerSecond: 30)) {
      let video = $0.media_stream_request.pointee.video_config.pointee
      #expect(video.n_participant_ids == 2)
      #expect(video.max_resolution == WEBEX__MEETINGS__VIDEO_RESOLUTION__FHD)
      #expect(video.max_fps == 30)
    }
    try read(.requestKeyframe(streamID: "v")) {
      let control = $0.control_command.pointee.media_control.pointee
      #expect(control.action == WEBEX__MEETINGS__MEDIA_CONTROL_ACTION__REQUEST_KEYFRAME)
      #expect(String(cString: control.stream_id) == "v")
    }
    try read(.requestRoster) {
      #expect(
        $0.control_command.pointee.meeting_command.pointee.command
          == WEBEX__MEETINGS__MEETING_COMMAND_TYPE__REQUEST_ROSTER_REFRESH)
    }
    let error = MeetingStreamError(
      streamID: "a", code: .invalidPayload, message: "no", sequenceNumber: 4, timestamp: 5)
    try read(.error(error)) { #expect(MeetingStreamError($0.stream_error.pointee) == error) }
  }

  @Test("H: a packet of media may have 64 KiB, and with video nearly 4 MiB")
  func payloads() throws {
    func payload(_ count: Int) -> [UInt8] {
      let builder = MessageBuilder()
      let payload = builder.make(webex__meetings__media_payload__init)
      payload.pointee.sequence_number = 9
      payload.pointee.timestamp_ms = -3
      payload.pointee.participant_id = builder.text("p")
      let message = builder.make(webex__meetings__media_request__init)
      message.pointee.payload_case = WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_MEDIA_PAYLOAD
      message.pointee.media_payload = payload
      return [UInt8](repeating: 7, count: count).withUnsafeBytes {
        payload.pointee.data = .init(lending: $0)
        return builder.pack(message)
      }
    }
    func size(_ decoder: MeetingMediaDecoder, _ bytes: [UInt8]) throws -> Int? {
      guard case .payload(let payload) = try bytes.withUnsafeBytes({ try decoder.decode($0) }),
        payload.sequenceNumber == 9, payload.timestamp == -3, payload.participantID.equals("p")
      else { return nil }
      return payload.bytes.count
    }
    let audio = MeetingMediaDecoder(takesVideo: false)
    #expect(try size(audio, payload(65_536)) == 65_536)
    #expect(throws: MessageError.self) { try size(audio, payload(65_537)) }
    let video = MeetingMediaDecoder(takesVideo: true)
    #expect(try size(video, payload((4 << 20) - 64)) == (4 << 20) - 64)
    #expect(throws: MessageError.self) { try size(video, payload(4 << 20)) }
  }

  @Test("Random bytes are read or refused, and nothing else: 20,000 of them")
  func random() {
    var random = SystemRandomNumberGenerator()
    let media = MeetingMediaDecoder(takesVideo: false)
    let forks = ForkRequestDecoder()
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...40, using: &random) }
      bytes.withUnsafeBytes { bytes in
        _ = try? MeetingControl(decoding: bytes)
        _ = try? media.decode(bytes)
        if let request = try? forks.decode(bytes) { _ = request.audio?.timestamp }
      }
    }
  }
}
