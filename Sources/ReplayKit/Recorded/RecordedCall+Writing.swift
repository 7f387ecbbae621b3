import WebexProtocol
import YAMLReading

extension RecordedCall {
  /// The text of `call.yaml`, as it is read again.
  public var yaml: String {
    var lines = ["call: \(Self.version)", "name: \(Self.quoted(name))"]
    for (key, file) in [("caller", callerAudio), ("agent", agentAudio), ("timeline", timeline)] {
      if let file { lines.append("\(key): \(Self.quoted(file))") }
    }
    return (lines + steps).joined(separator: "\n") + "\n"
  }

  /// The lines that say what the caller does, as ``readSteps(_:_:)`` reads them.
  package var steps: [String] {
    var lines = ["frame: \(Self.time(frameLength))"]
    if let noInput { lines.append("no_input: \(Self.time(noInput))") }
    let own = Self.lines(greeting)
    if !own.isEmpty { lines += ["greeting:"] + own.map { "  " + $0 } }
    lines.append(turns.isEmpty ? "turns: []" : "turns:")
    for turn in turns {
      let all = Self.lines(turn)
      lines += all.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
    }
    return lines
  }

  private static func lines(_ turn: RecordedTurn) -> [String] {
    var lines: [String] = []
    switch turn.act {
    case .say(.file(let file)): lines.append("say: \(quoted(file))")
    case .say(.stretch(let range)):
      lines.append("say: {from: \(time(range.lowerBound)), to: \(time(range.upperBound))}")
    case .say(.masked(let length)): lines.append("say: {masked: \(time(length))}")
    case .press(let keys): lines.append("keys: \(quoted(String(keys.map { $0?.character ?? "?" })))")
    case .stayQuiet: lines.append("quiet: true")
    case .custom(let name): lines.append("event: \(quoted(name))")
    case .wait(let length): lines.append("wait: \(time(length))")
    case .hangUp: lines.append("hang_up: true")
    case .vanish: lines.append("vanish: true")
    }
    switch turn.time.begin {
    case .afterPrompt(let after)?: lines.append("after: \(time(after))")
    case .overPrompt(let over)?: lines.append("over_prompt: \(time(over))")
    case nil: break
    }
    if let halfClose = turn.time.halfClose { lines.append("half_close: \(time(halfClose))") }
    return lines + Self.lines(turn.answer)
  }

  private static func lines(_ answer: RecordedAnswer) -> [String] {
    var lines: [String] = []
    if let past = answer.past {
      lines.append(line("recorded", [("answered", past.answered.map(time)), ("length", past.length.map(time))]))
    }
    if let expected = answer.expected {
      lines.append(
        line(
          "expect",
          [
            ("answered_within", expected.answeredWithin.map(time)), ("audio", expected.hasAudio.map { "\($0)" }),
            ("at_least", expected.atLeast.map(time)), ("at_most", expected.atMost.map(time)),
            ("events", expected.events.isEmpty ? nil : "[\(expected.events.joined(separator: ", "))]"),
            ("ends", expected.ending?.rawValue),
          ]))
    }
    return lines
  }

  private static func line(_ key: String, _ members: [(key: String, value: String?)]) -> String {
    let text = members.compactMap { member in member.value.map { "\(member.key): \($0)" } }.joined(separator: ", ")
    return "\(key): {\(text)}"
  }

  private static func time(_ time: Duration) -> String { "\(max(0, time.wholeMilliseconds))ms" }

  /// A text in double quotes, in which every text can be written.
  package static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0xFEFF
        || (0x2028...0x2029).contains(scalar.value) || (0xFFFE...0xFFFF).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
