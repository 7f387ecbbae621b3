import JSONText
import YAMLReading

/// Looks at the payload of a response: its objects are closed, so that a field that the schema does not name is a breach, as
/// is a value of another type.
enum SocketPayloadCheck {
  /// What a field's value has to be.
  private enum Kind {
    case text, flag, number, list, object, base64, anyObject
    case one(of: [String])

    var name: String {
      switch self {
      case .text: "text"
      case .flag: "true or false"
      case .number: "a whole number"
      case .list: "a list"
      case .object, .anyObject: "an object"
      case .base64: "Base64"
      case .one(let names): "one of \(names.joined(separator: ", "))"
      }
    }

    func fits(_ value: JSONElement) -> Bool {
      switch self {
      case .text: value.string != nil
      case .flag: value.bool != nil
      case .number: value.wholeNumber != nil
      case .list: value.kind == .array
      case .object, .anyObject: value.kind == .object
      case .base64: value.base64 != nil
      case .one(let names): value.string.map(names.contains) ?? false
      }
    }
  }

  private static let response: [String: Kind] = [
    "response_type": .one(of: ["FINAL", "PARTIAL", "CHUNK"]), "prompts": .list, "output_events": .list,
    "input_mode": .one(of: ["INPUT_VOICE_MODE_UNSPECIFIED", "INPUT_VOICE", "INPUT_EVENT_DTMF", "INPUT_VOICE_DTMF"]),
    "input_handling_config": .object, "input_sensitive": .flag, "session_transcript": .object,
    "session_summary": .object,
    // Named by the guide, and not by the published schema.
    "disable_prompt_cancellation": .flag,
  ]
  private static let prompt: [String: Kind] = [
    "text": .text, "audio_uri": .text, "audio_content_b64": .base64, "is_barge_in_enabled": .flag,
  ]
  private static let event: [String: Kind] = [
    "event_type": .one(of: [
      "UNSPECIFIED_EVENT", "SESSION_END", "TRANSFER_TO_AGENT", "CUSTOM_EVENT", "START_OF_INPUT", "END_OF_INPUT",
      "NO_MATCH", "NO_INPUT",
    ]), "name": .text, "metadata": .anyObject,
  ]
  private static let handling: [String: Kind] = ["dtmf_config": .object, "speech_timers": .object]
  private static let keys: [String: Kind] = [
    "inter_digit_timeout_msec": .number, "termchar": .text, "dtmf_input_length": .number,
  ]
  private static let timers: [String: Kind] = [
    "max_speech_timeout_msec": .number, "complete_timeout_msec": .number, "incomplete_timeout_msec": .number,
  ]
  private static let text: [String: Kind] = ["text": .text, "ssml": .text, "language_code": .text]

  /// Reads `payload`, and notes what is wrong with it.
  static func response(_ payload: JSONElement, _ sight: inout SocketSight) -> SocketSight.Response {
    check(payload, response, "the payload", &sight)
    var read = SocketSight.Response(type: payload["response_type"]?.string ?? "")
    if read.type.isEmpty { sight.breaks("socket.fields", "A response has no response_type.") }
    let prompts = payload["prompts"]?.elements ?? []
    read.hasPrompts = !prompts.isEmpty
    read.hasInputMode = payload["input_mode"]?.string != nil
    for one in prompts { add(one, to: &read, &sight) }
    for one in payload["output_events"]?.elements ?? [] {
      check(one, event, "an output event", &sight)
      if one["event_type"] == nil { sight.breaks("socket.fields", "An output event has no event_type.") }
      read.events.append(one["event_type"]?.string ?? "")
    }
    if let config = payload["input_handling_config"] {
      check(config, handling, "input_handling_config", &sight)
      if let keys = config["dtmf_config"] { check(keys, Self.keys, "dtmf_config", &sight) }
      if let timers = config["speech_timers"] { check(timers, Self.timers, "speech_timers", &sight) }
    }
    for one in ["session_transcript", "session_summary"] as [StaticString] {
      if let object = payload[one] { check(object, text, "\(one)", &sight) }
    }
    return read
  }

  private static func add(_ one: JSONElement, to read: inout SocketSight.Response, _ sight: inout SocketSight) {
    check(one, prompt, "a prompt", &sight)
    let audio = one["audio_content_b64"]?.base64
    if audio == nil, one["text"]?.string == nil {
      sight.breaks("socket.prompts", "A prompt has neither text nor audio_content_b64.")
    }
    guard let audio else { return }
    read.audio.append(audio.count)
    if read.type == "FINAL", !audio.isEmpty {
      let what = audio.starts(with: Array("RIFF".utf8)) ? "a WAV file" : "audio"
      sight.breaks("socket.chunks-only", "A FINAL has \(what) of \(audio.count) bytes.")
    }
  }

  // MARK: Fields

  private static func check(
    _ object: JSONElement, _ kinds: [String: Kind], _ what: String, _ sight: inout SocketSight
  ) {
    guard object.kind == .object else { return sight.breaks("socket.fields", "\(what) is no object.") }
    fields(of: object, among: Array(kinds.keys), what, &sight)
    for (name, value) in object.members {
      guard let kind = kinds[name], !kind.fits(value) else { continue }
      sight.breaks("socket.fields", "\(name) of \(what) has to be \(kind.name).")
    }
  }

  /// Notes the fields that the schema does not name.
  static func fields(of object: JSONElement, among names: [String], _ what: String, _ sight: inout SocketSight) {
    for (name, _) in object.members.prefix(100) where !names.contains(name) {
      sight.breaks("socket.fields", "\(what) has the field \(name.quotedForMessage), which the schema does not name.")
    }
  }
}
