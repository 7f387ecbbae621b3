@testable import WebexProtocol
import Wire

/// Messages of forked conversations and meetings, as the platform writes them.
enum MediaMessage {
  /// Audio of a leg: mu-law at 8 kHz.
  static func fork(
    audio: [UInt8] = [], role: UInt32 = 1, conversation: String = "f-1", organization: String = TestGateway.organization
  ) -> [UInt8] {
    let builder = MessageBuilder()
    let stream = builder.make(webex__forking__audio_stream__init)
    stream.pointee.encoding = Webex__Forking__AudioEncoding(rawValue: 2)
    stream.pointee.sample_rate_hertz = 8000
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
}
