@testable import WebexProtocol
import Wire

/// Messages of forked conversations and meetings, as the platform writes them.
enum MediaMessage {
  /// Audio of a leg: mu-law at 8 kHz where nothing else is said; the timestamp is in microseconds.
  static func fork(
    audio: [UInt8] = [], encoding: UInt32 = 2, timestamp: Int64 = 0, role: UInt32 = 1, conversation: String = "f-1",
    organization: String = TestGateway.organization
  ) -> [UInt8] {
    let builder = MessageBuilder()
    let stream = builder.make(webex__forking__audio_stream__init)
    stream.pointee.encoding = Webex__Forking__AudioEncoding(rawValue: encoding)
    stream.pointee.sample_rate_hertz = 8000
    if timestamp != 0 {
      let stated = builder.make(google__protobuf__timestamp__init)
      stated.pointee.seconds = timestamp / 1_000_000
      stated.pointee.nanos = Int32(timestamp % 1_000_000) * 1000
      stream.pointee.audio_timestamp = stated
    }
    stream.pointee.role = Webex__Forking__ParticipantRole(rawValue: role)
    let request = builder.make(webex__forking__conversation_audio_forking_request__init)
    request.pointee.conversation_id = builder.text(conversation)
    request.pointee.customer_org_id = builder.text(organization)
    request.pointee.audio = stream
    return audio.withUnsafeBytes {
      stream.pointee.audio_data = .init(lending: $0)
      return builder.pack(request)
    }
  }

  private static func opening(
    _ builder: MessageBuilder, _ type: Webex__Meetings__MediaType, _ id: String, _ organization: String
  ) -> UnsafeMutablePointer<Webex__Meetings__StreamOpen> {
    let open = builder.make(webex__meetings__stream_open__init)
    open.pointee.stream_id = builder.text(id)
    open.pointee.media_type = type
    open.pointee.org_id = builder.text(organization)
    open.pointee.conversation_id = builder.text("m-1")
    return open
  }

  /// Opens the control stream.
  static func control(organization: String = TestGateway.organization) -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__meetings__control_request__init)
    message.pointee.payload_case = WEBEX__MEETINGS__CONTROL_REQUEST__PAYLOAD_STREAM_OPEN
    message.pointee.stream_open = opening(builder, WEBEX__MEETINGS__MEDIA_TYPE__CONTROL, "control", organization)
    return builder.pack(message)
  }

  /// A change of the roster: who came and who left.
  static func roster(_ number: UInt64, added: [String] = [], removed: [String] = []) -> [UInt8] {
    let builder = MessageBuilder()
    let roster = builder.make(webex__meetings__roster__init)
    roster.pointee.sequence_number = number
    let additions = added.map { id in
      let participant = builder.make(webex__meetings__participant__init)
      participant.pointee.participant_id = builder.text(id)
      return participant
    }
    (roster.pointee.n_additions, roster.pointee.additions) = builder.array(additions)
    (roster.pointee.n_removals, roster.pointee.removals) = builder.texts(removed)
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

  /// Opens a stream of audio.
  static func audioStream(_ id: String) -> [UInt8] {
    let builder = MessageBuilder()
    let message = builder.make(webex__meetings__media_request__init)
    message.pointee.payload_case = WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_STREAM_OPEN
    message.pointee.stream_open = opening(
      builder, WEBEX__MEETINGS__MEDIA_TYPE__AUDIO, id, TestGateway.organization)
    return builder.pack(message)
  }

  /// A packet of a media stream.
  static func packet(_ bytes: [UInt8], _ number: UInt64, of participant: String) -> [UInt8] {
    let builder = MessageBuilder()
    let payload = builder.make(webex__meetings__media_payload__init)
    payload.pointee.sequence_number = number
    payload.pointee.participant_id = builder.text(participant)
    let message = builder.make(webex__meetings__media_request__init)
    message.pointee.payload_case = WEBEX__MEETINGS__MEDIA_REQUEST__PAYLOAD_MEDIA_PAYLOAD
    message.pointee.media_payload = payload
    return bytes.withUnsafeBytes {
      payload.pointee.data = .init(lending: $0)
      return builder.pack(message)
    }
  }
}
