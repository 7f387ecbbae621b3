import BotEngine
import JSONText
public import WebexProtocol

/// One message of a server, taken out of its envelope.
public struct SocketAnswer: Sendable, Equatable {
  /// What it is about.
  public enum Content: Sendable, Equatable {
    /// `VOICE_VA_RESPONSE`.
    case response(VoiceResponse)
    /// `ERROR`: the socket is closed next.
    case error(code: String, status: Int, detail: String)
    /// `PING`.
    case ping
    /// `PONG`.
    case pong
  }

  /// `seq`.
  public var sequence: Int
  /// What it is about.
  public var content: Content
}

/// Reads a server's messages on one socket, as a caller wants them: everything that the schema names has to be of its
/// type, and numbers have to rise.
public struct SocketResponseReader: Sendable {
  /// Bytes of a message: a prompt before a transfer may come whole.
  public static let maximumMessage = 8 << 20

  private let conversation: String
  private var last = 0

  /// A reader for the socket of one call.
  public init(conversation: String) { self.conversation = conversation }

  /// The message of a text frame. The error says what is wrong with it; its code and status are a server's and mean nothing
  /// here.
  public mutating func read(_ bytes: [UInt8]) throws(SocketProtocolError) -> SocketAnswer {
    let root = try SocketField.document(bytes, maximum: Self.maximumMessage)
    guard let type = root["type"]?.string else { throw .badRequest("type is missing") }
    guard let sequence = root["seq"]?.wholeNumber, sequence >= 1 else {
      throw .badRequest("seq has to be a whole number from 1")
    }
    guard root["ts"]?.string != nil else { throw .badRequest("ts has to be a time as text") }
    // A server that could not read the first message does not know the conversation.
    if type != "ERROR" {
      guard try SocketField(root, "conversation_id").identifier() == conversation else {
        throw .badRequest("conversation_id is another than the call's")
      }
    }
    // A PONG has the number of its PING.
    if type != "PONG" {
      guard sequence > last else { throw .badRequest("seq \(sequence) does not rise: the last one was \(last)") }
      last = sequence
    }
    switch type {
    case "VOICE_VA_RESPONSE":
      guard let payload = root["payload"]?.present, payload.kind == .object else {
        throw .badRequest("payload has to be an object")
      }
      return SocketAnswer(sequence: sequence, content: .response(try Self.response(payload)))
    case "ERROR":
      return SocketAnswer(
        sequence: sequence,
        content: .error(
          code: root["code"]?.string ?? "", status: root["status"]?.wholeNumber ?? 0,
          detail: SocketReader.readable(root["detail"]?.string)))
    case "PING": return SocketAnswer(sequence: sequence, content: .ping)
    case "PONG": return SocketAnswer(sequence: sequence, content: .pong)
    default: throw .badRequest("type is none that a server sends")
    }
  }

  // MARK: The payload

  private static func response(_ payload: JSONElement) throws(SocketProtocolError) -> VoiceResponse {
    let kind: VoiceResponse.Kind
    switch payload["response_type"]?.string {
    case "FINAL": kind = .final
    case "PARTIAL": kind = .partial
    case "CHUNK": kind = .chunk
    default: throw .badRequest("payload.response_type has to be FINAL, PARTIAL or CHUNK")
    }
    var response = VoiceResponse(kind)
    response.prompts = try list(payload, "prompts").map(prompt)
    response.events = try list(payload, "output_events").map(event)
    if let mode = payload["input_mode"]?.present {
      guard let named = InputMode.allCases.first(where: { $0.socketName == mode.string }) else {
        throw .badRequest("payload.input_mode is none that there is")
      }
      response.inputMode = named
    }
    if let handling = payload["input_handling_config"]?.present { response.inputHandling = try inputHandling(handling) }
    response.isInputSensitive = try SocketField(payload, "input_sensitive").flag()
    response.transcript = try text(of: payload["session_transcript"])
    response.summary = try text(of: payload["session_summary"])
    response.isPromptCancellationDisabled = try SocketField(payload, "disable_prompt_cancellation").flag()
    return response
  }

  private static func list(_ object: JSONElement, _ name: StaticString) throws(SocketProtocolError) -> [JSONElement] {
    guard let list = object[name]?.present else { return [] }
    guard list.kind == .array else { throw .badRequest("payload.\(name) has to be a list") }
    return Array(list.elements)
  }

  private static func prompt(_ object: JSONElement) throws(SocketProtocolError) -> VoiceResponse.Prompt {
    guard object.kind == .object else { throw .badRequest("a prompt has to be an object") }
    var audio: [UInt8]?
    if let content = object["audio_content_b64"]?.present {
      guard let bytes = content.base64 else { throw .badRequest("audio_content_b64 has to be Base64") }
      audio = bytes
    }
    let text = try SocketField(object, "text").optionalText()
    guard text != nil || audio != nil else { throw .badRequest("a prompt needs text or audio_content_b64") }
    return VoiceResponse.Prompt(
      text: text, audio: audio, audioURI: try SocketField(object, "audio_uri").optionalText(),
      isBargeInEnabled: try SocketField(object, "is_barge_in_enabled").flag())
  }

  private static func event(_ object: JSONElement) throws(SocketProtocolError) -> VoiceResponse.Event {
    let kind = VoiceResponse.Event.Kind.allCases.first { $0.wireName == object["event_type"]?.string }
    guard let kind else { throw .badRequest("event_type is missing, or none that there is") }
    let name = try SocketField(object, "name").optionalText()
    return VoiceResponse.Event(
      kind, name: name?.isEmpty == true ? nil : name, metadata: try SocketField(object, "metadata").object())
  }

  private static func inputHandling(_ object: JSONElement) throws(SocketProtocolError) -> InputHandling {
    guard object.kind == .object else { throw .badRequest("input_handling_config has to be an object") }
    guard object["speech_timers"]?["no_input_timeout_msec"] == nil else {
      throw .badRequest("speech_timers.no_input_timeout_msec is not of this wire")
    }
    var handling = InputHandling()
    if let keys = object["dtmf_config"]?.present {
      handling.dtmf = InputHandling.DTMF(
        interDigitTimeout: try number(keys, "inter_digit_timeout_msec"),
        terminator: keys["termchar"]?.string.flatMap(DTMFKey.init(socketName:)),
        length: try number(keys, "dtmf_input_length"))
    }
    if let timers = object["speech_timers"]?.present {
      handling.speechTimers = InputHandling.SpeechTimers(
        maximumSpeech: try number(timers, "max_speech_timeout_msec"),
        complete: try number(timers, "complete_timeout_msec"),
        incomplete: try number(timers, "incomplete_timeout_msec"))
    }
    return handling
  }

  private static func number(_ object: JSONElement, _ name: StaticString) throws(SocketProtocolError) -> Int32? {
    object[name]?.present == nil ? nil : try SocketField(object, name).number()
  }

  private static func text(of element: JSONElement?) throws(SocketProtocolError) -> String? {
    guard let object = element?.present else { return nil }
    guard let text = (object["text"] ?? object["ssml"])?.string else {
      throw .badRequest("a transcript or a summary needs text or ssml")
    }
    return text
  }
}
