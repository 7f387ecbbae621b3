import Basics
import WebexProtocol
import YAMLReading

// What is expected of an answer, and what it was.
extension RecordedCall {
  private static let eventNames = ["CUSTOM_EVENT", "NO_MATCH", "UNSPECIFIED_EVENT"]

  static func answer(_ group: YAMLGroup, _ report: YAMLReport) -> RecordedAnswer {
    var answer = RecordedAnswer()
    if let node = group.node("expect") {
      let own = YAMLGroup(
        node, name: "`expect` of \(group.name)", write: "`answered_within`, `audio`, `at_least` and the like",
        reading: report)
      answer.expected = expectation(own, report)
      own.finish()
    }
    if let node = group.node("recorded") {
      let own = YAMLGroup(
        node, name: "`recorded` of \(group.name)", write: "`answered` and `length`", reading: report)
      answer.past = .init(answered: time(own, "answered"), length: time(own, "length"))
      own.finish()
    }
    return answer
  }

  private static func expectation(_ group: YAMLGroup, _ report: YAMLReport) -> TurnExpectation {
    var expected = TurnExpectation()
    expected.answeredWithin = time(group, "answered_within", from: 1)
    expected.hasAudio = group.flag("audio")
    expected.atLeast = time(group, "at_least")
    expected.atMost = time(group, "at_most")
    if let least = expected.atLeast, let most = expected.atMost, least > most {
      report.report(group.place(of: "at_least"), "`at_least` of \(group.name) is over `at_most`", "exchange them")
    }
    if let node = group.node("events") { expected.events = events(node, group, report) }
    if let (text, place) = group.text("ends", maximum: 20, write: endings) {
      expected.ending = TurnExpectation.Ending(rawValue: text)
      if expected.ending == nil {
        report.report(place, "`ends` of \(group.name) cannot be `\(text.quotedForMessage)`", "write \(endings)")
      }
    }
    return expected
  }

  private static let endings = "transfer, end or none"

  private static func events(_ node: YAMLNode, _ group: YAMLGroup, _ report: YAMLReport) -> [String] {
    guard case .sequence(let items) = node.content, items.count <= CallTurn.mostEvents else {
      report.report(
        node.place, "`events` of \(group.name) has to be a list of at most \(CallTurn.mostEvents)",
        "write it as in [CUSTOM_EVENT]")
      return []
    }
    return items.compactMap { item in
      if case .scalar(let text, _) = item.content, eventNames.contains(text) { return text }
      report.report(
        item.place, "`events` of \(group.name) has \(item.quoted)",
        "write one of: \(eventNames.joined(separator: ", "))")
      return nil
    }
  }
}

extension TurnExpectation {
  /// An answer like one that was recorded: with audio where it had audio, and within twice the time, at least a second more.
  package init(like past: RecordedAnswer.Past) {
    self.init()
    answeredWithin = past.answered.map { answered in
      let time = answered.wholeMilliseconds
      // In tenths of a second.
      return .milliseconds((max(2 * time, time + 1000) + 99) / 100 * 100)
    }
    hasAudio = past.length.map { $0 > .zero }
  }
}
