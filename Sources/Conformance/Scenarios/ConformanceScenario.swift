package import ReplayKit
package import YAMLReading

/// A conversation of a partner's own that a server is judged by: what the caller does, when, and what is expected of the
/// answers. `Docs/conformance.md` describes the file.
public struct ConformanceScenario: Sendable {
  /// The version of the format that is read and written.
  public static let version = 1
  /// The most scenarios of a run.
  public static let maximum = 200

  /// The file's name without its end, in small letters and digits: what the ids of its rules begin with.
  public var id: String
  /// The file.
  public var file: String
  /// What the caller does, with the name for people.
  package var call: RecordedCall
  /// The agent that is called; `nil` is the one of the whole run.
  public var agent: String?
  /// The free text of the configuration in Control Hub; `nil` is that of the whole run.
  public var vendorConfiguration: String?
  /// What the flow hands over.
  public var info: [String: String] = [:]
  /// The wires that it is played over.
  public var wires = Set(Wire.allCases)
  /// How grave it is where an expectation is not kept.
  public var severity = Rule.Severity.lost
  /// What becomes of a call then, for people.
  public var otherwise = "The caller does not get what the scenario expects."
  /// Where the greeting and then each turn stands in the file.
  package var places: [YAMLPlace] = []

  /// One of the two wires.
  public enum Wire: String, Sendable, CaseIterable {
    case grpc
    case websocket
  }

  /// The name of its case.
  public var caseName: String { "scenario: \(id)" }

  init(_ call: RecordedCall, file: String) {
    self.call = call
    self.file = file
    id = Self.id(of: file)
  }

  /// The id that a file's name gives.
  package static func id(of file: String) -> String {
    var name = (file.split(separator: "/").last.map(String.init) ?? file).lowercased()
    for end in [".yaml", ".yml"] where name.hasSuffix(end) { name = String(name.dropLast(end.count)) }
    let id = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let words = String(id).split(separator: "-").joined(separator: "-")
    return words.isEmpty ? "scenario" : String(words.prefix(60))
  }

  // MARK: Its rules

  /// The rules that it adds: one for the greeting and for each turn that something is expected of.
  public var rules: [Rule] { numbered.map(\.rule) }

  /// What became of them in a call that is over.
  func judgements(of held: HeldCall) -> [Judgement] {
    let all = call.expectations(held.caller)
    return numbered.compactMap { number, rule in
      let own = all.filter { $0.id.turn == number }
      let broken = own.filter { !$0.isKept }
      if broken.isEmpty { return .passed(rule.id) }
      let seen = broken.map { "expected \($0.id.text): \($0.seen)" }.joined(separator: "; ")
      return .failed(rule.id, seen, held.lines())
    }
  }

  private var numbered: [(number: Int, rule: Rule)] {
    let answers = [call.greeting] + call.turns.map(\.answer)
    return answers.enumerated().compactMap { number, answer in
      guard let expected = answer.expected else { return nil }
      let place = places.indices.contains(number) ? ":\(places[number].line)" : ""
      let what = number == 0 ? "The greeting" : "Turn \(number) (\(call.turns[number - 1].act.word))"
      return (
        number,
        Rule(
          "scenario.\(id).\(number)", severity, "\(call.name). \(what): \(expected.words).", file + place, otherwise)
      )
    }
  }
}

extension RecordedTurn.Act {
  /// The key that it is written with.
  fileprivate var word: String {
    switch self {
    case .say: "say"
    case .press: "keys"
    case .stayQuiet: "quiet"
    case .custom: "event"
    case .wait: "wait"
    case .hangUp: "hang_up"
    case .vanish: "vanish"
    }
  }
}
