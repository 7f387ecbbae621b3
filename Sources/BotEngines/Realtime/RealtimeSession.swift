import BotEngine
import JSONText

/// The session that a configuration asks for.
struct RealtimeSession {
  let format: RealtimeAudioFormat
  let greeting: String?
  let callData: RealtimeSettings.CallData
  /// Whether the server answers turns that may be over.
  let isEager: Bool
  /// Whether the server's answer ends the caller's turn.
  let endsTurns: Bool
  /// The `session` object of `session.update`.
  let value: BotValue

  /// Throws ``EngineError`` where what is laid over the session is no JSON object.
  init(_ settings: RealtimeSettings, over overlay: String? = nil) throws(EngineError) {
    format = RealtimeAudioFormat(settings.format)
    greeting = settings.greeting
    callData = settings.callData
    isEager = settings.isEager
    endsTurns = settings.endsTurns
    var output: [String: BotValue] = ["format": format.value]
    if let voice = settings.voice { output["voice"] = .string(voice) }
    var session: [String: BotValue] = [
      "type": .string("realtime"),
      "output_modalities": .list([.string("audio")]),
      "audio": .object([
        // Without detection on the server's side: whoever speaks to Webex has to detect turns itself, and two
        // detectors would not agree.
        "input": .object(["format": format.value, "turn_detection": .null]),
        "output": .object(output),
      ]),
      "tools": .list(settings.tools.map(\.definition)),
      "tool_choice": .string("auto"),
    ]
    if let instructions = settings.instructions { session["instructions"] = .string(instructions) }
    var value = BotValue.object(session)
    if let text = overlay {
      guard let document = try? JSONDocument(Array(text.utf8)), case .object = document.root.kind else {
        throw EngineError(.unusable, "The session of the engine realtime is not a JSON object; write {\"…\": …}.")
      }
      value = value.overlaid(with: BotValue(document.root))
    }
    self.value = value
  }

  /// The `session` object for one call: with what is known of it at the end of the instructions, where it goes there.
  func value(for data: RealtimeCallData?) -> BotValue {
    guard callData == .instructions, let data, case .object(var session) = value else { return value }
    var instructions = data.text
    if case .string(let own)? = session["instructions"] { instructions = "\(own)\n\n\(data.text)" }
    session["instructions"] = .string(instructions)
    return .object(session)
  }

  /// Whether the server finds the caller's turns, because the configuration's session says so.
  var detectsTurns: Bool {
    guard case .object(let session) = value, case .object(let audio)? = session["audio"],
      case .object(let input)? = audio["input"], case .object? = input["turn_detection"]
    else { return false }
    return true
  }
}

extension BotValue {
  /// This value with another's members laid over its own, objects within objects too.
  fileprivate func overlaid(with other: BotValue) -> BotValue {
    guard case .object(let mine) = self, case .object(let theirs) = other else { return other }
    return .object(mine.merging(theirs) { $0.overlaid(with: $1) })
  }
}

extension RealtimeSettings.Tool {
  /// The function as it is offered.
  fileprivate var definition: BotValue {
    switch self {
    case .transfer:
      Self.function(
        rawValue, "Hand the caller to a human agent. Say so to the caller first. Nothing can be said afterwards.",
        [
          "summary": Self.property("string", "What the human needs to know, in one or two sentences."),
          "reason": Self.property("string", "Why the caller is handed over, in a few words."),
        ])
    case .end:
      Self.function(
        rawValue, "Hang up. Say good-bye to the caller first. Nothing can be said afterwards.",
        ["reason": Self.property("string", "Why the call ends, in a few words.")])
    case .digits:
      Self.function(
        rawValue,
        "Have the caller press keys on the telephone. Say first what to press. Call it once and wait for its output.",
        [
          "count": Self.property("integer", "How many keys; leave it out where the entry ends with the terminator."),
          "terminator": Self.property("string", "The key that ends the entry, as a rule #."),
          "sensitive": Self.property("boolean", "Whether the entry must not be recorded, as for a card number."),
        ])
    }
  }

  private static func function(_ name: String, _ description: String, _ properties: [String: BotValue]) -> BotValue {
    .object([
      "type": .string("function"), "name": .string(name), "description": .string(description),
      "parameters": .object(["type": .string("object"), "properties": .object(properties)]),
    ])
  }

  private static func property(_ type: String, _ description: String) -> BotValue {
    .object(["type": .string(type), "description": .string(description)])
  }
}
