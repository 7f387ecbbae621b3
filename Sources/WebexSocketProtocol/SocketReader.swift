import Basics
import BotEngine
import JSONText
import WebexProtocol
import Wire

/// Reads the text frames of `/v1/va`: the envelope, and within it one `VoiceVARequest`.
///
/// Everything is bounded before it is copied: 128 KiB a message, 16,384 values and 32 levels of JSON; what the request
/// may hold is checked again where every request is. Unknown fields are skipped, and a field that is null is absent.
public struct SocketReader: Sendable {
  /// Bytes of a message.
  public static let maximumMessage = 131_072
  /// Bytes of an id.
  static let maximumIdentifier = 128

  /// The organization of the token: the only one that a message may name.
  let organization: String

  /// A reader for the socket of one organization.
  public init(organization: String) { self.organization = organization }

  /// The message of one text frame.
  public func read(_ bytes: [UInt8]) throws(SocketProtocolError) -> SocketMessage {
    let root = try SocketField.document(bytes)
    guard let type = root["type"]?.present else { throw .badRequest("type is missing") }
    guard let sequence = root["seq"]?.wholeNumber, sequence >= 1 else {
      throw .badRequest("seq has to be a whole number from 1")
    }
    if let time = root["ts"]?.present, time.string == nil { throw .badRequest("ts has to be a time as text") }
    let conversation = try SocketField(root, "conversation_id").identifier()
    let content: SocketMessage.Content
    if type.isString("VOICE_VA_REQUEST") {
      guard let payload = root["payload"]?.present, payload.kind == .object else {
        throw .badRequest("payload has to be an object")
      }
      content = .request(try request(payload, of: conversation))
    } else if type.isString("PING") {
      content = .ping
    } else if type.isString("PONG") {
      content = .pong
    } else if type.isString("ERROR") {
      content = .error(
        code: Self.readable(root["code"]?.string), detail: Self.readable(root["detail"]?.string))
    } else {
      throw .badRequest("type is none that a client sends")
    }
    return SocketMessage(sequence: sequence, conversationID: conversation, content: content)
  }

  /// The other side's text for a person.
  static func readable(_ text: String?) -> String { (text ?? "").readable(most: 256) { _ in "?" } }

  private func request(_ payload: JSONElement, of conversation: String) throws(SocketProtocolError) -> SocketRequest {
    guard try SocketField(payload, "conversation_id").identifier() == conversation else {
      throw .badRequest("payload.conversation_id is not the conversation_id of the envelope")
    }
    guard try SocketField(payload, "customer_org_id").identifier() == organization else {
      throw .badRequest("payload.customer_org_id is not the organization of the token")
    }
    let agent = try SocketField(payload, "virtual_agent_id").optionalText(longest: Self.maximumIdentifier)
    guard let input = payload["voice_va_input_type"]?.present, input.kind == .object else {
      throw .badRequest("payload.voice_va_input_type has to be an object")
    }
    let (audio, digits, event) = (
      input["audio_input"]?.present, input["dtmf_input"]?.present, input["event_input"]?.present
    )
    switch (audio, digits, event) {
    case (let audio?, nil, nil):
      let bytes = try AudioInputMessage(audio).encoded(conversation: conversation, organization, agent: agent ?? "")
      return SocketRequest(kind: .audio, agentID: agent, bytes: bytes)
    case (nil, let digits?, nil):
      var bytes = VoiceRequest(
        conversationID: conversation, organizationID: organization, agentID: agent ?? ""
      ).encoded()
      try DigitInputMessage.append(digits, to: &bytes)
      return SocketRequest(kind: .digits, agentID: agent, bytes: bytes)
    case (nil, nil, let event?):
      let event = try EventInputMessage.read(event)
      let request = VoiceRequest(
        conversationID: conversation, organizationID: organization, agentID: agent ?? "",
        allowsPartialResponses: try SocketField(payload, "allow_partial_responses").flag(),
        vendorConfiguration: try SocketField(payload, "vendor_specific_config").optionalText(),
        additionalInfo: try SocketField(payload, "additional_info").texts(), input: .event(event))
      return SocketRequest(kind: .event(event.kind), agentID: agent, bytes: request.encoded())
    default:
      throw .badRequest(
        "payload.voice_va_input_type has to have exactly one of audio_input, dtmf_input and event_input")
    }
  }
}
