/// One thing that was expected of an answer, and what became of it in a call.
public struct ExpectedAnswer: Sendable, Equatable {
  /// Which expectation of which call.
  public struct ID: Sendable, Hashable, Comparable {
    /// The call's name.
    public var call: String
    /// The turn, from 1; the greeting is 0.
    public var turn: Int
    /// What is expected, in words.
    public var text: String

    /// For people.
    public var line: String { "\(call), \(turn == 0 ? "greeting" : "turn \(turn)"): expected \(text)" }

    /// In the order of calls and turns.
    public static func < (left: ID, right: ID) -> Bool {
      (left.call, left.turn, left.text) < (right.call, right.turn, right.text)
    }
  }

  /// Which it is.
  public var id: ID
  /// Whether it was kept.
  public var isKept: Bool
  /// What came instead, in words.
  public var seen: String
}

extension RecordedCall {
  /// The turn of a call that is over for each turn of this one, the greeting first; `nil` where it did not come.
  func matched(_ caller: Caller) -> [CallTurn?] {
    var next = 0
    func find(_ fits: (CallTurn.Kind) -> Bool) -> CallTurn? {
      guard let index = caller.turns[next...].firstIndex(where: { fits($0.kind) }) else { return nil }
      next = index + 1
      return caller.turns[index]
    }
    return [find { $0 == .greeting }]
      + turns.map { turn in
        switch turn.act {
        case .say: find { if case .speech = $0 { true } else { false } }
        case .press: find { if case .digits = $0 { true } else { false } }
        case .stayQuiet: find { $0 == .noInput }
        case .custom: find { $0 == .custom }
        case .wait, .hangUp, .vanish: nil
        }
      }
  }

  /// What became of everything that is expected, of a call that is over.
  public func expectations(_ caller: Caller) -> [ExpectedAnswer] {
    zip([greeting] + turns.map(\.answer), matched(caller)).enumerated().flatMap { number, pair -> [ExpectedAnswer] in
      guard let expected = pair.0.expected else { return [] }
      return expected.judge(pair.1).map {
        ExpectedAnswer(id: .init(call: name, turn: number, text: $0.text), isKept: $0.isKept, seen: $0.seen)
      }
    }
  }
}

extension TurnExpectation {
  typealias Judgement = (text: String, isKept: Bool, seen: String)

  /// Whether a turn's answer is as expected; `nil` is a turn that did not come.
  func judge(_ turn: CallTurn?) -> [Judgement] {
    guard let turn, turn.result == .answered else {
      let seen = turn.map { "\($0.result)" } ?? "the turn did not come"
      return all.map { ($0, false, seen) }
    }
    var judgements: [Judgement] = [("answered", true, "answered")]
    if let answeredWithin {
      let took = turn.answerLatency
      judgements.append(
        (
          Self.within(answeredWithin), took.map { $0 <= answeredWithin } ?? false,
          took.map { Figures.milliseconds($0) } ?? "–"
        ))
    }
    let length = turn.answerLength
    let seen = Figures.milliseconds(length)
    if let hasAudio { judgements.append((Self.audio(hasAudio), (length > .zero) == hasAudio, seen)) }
    if let atLeast { judgements.append((Self.least(atLeast), length >= atLeast, seen)) }
    if let atMost { judgements.append((Self.most(atMost), length <= atMost, seen)) }
    if !events.isEmpty {
      let came = turn.events.isEmpty ? "none" : turn.events.joined(separator: ", ")
      judgements.append((Self.events(events), turn.events == events, came))
    }
    if let ending {
      let came: Ending =
        switch turn.ending {
        case .transfer: .transfer
        case .end: .end
        case nil: .none
        }
      judgements.append((Self.ends(ending), came == ending, came.rawValue))
    }
    return judgements
  }

  /// Everything that is expected, in a line.
  package var words: String { all.joined(separator: ", ") }

  /// Everything that is expected, in words.
  private var all: [String] {
    var all = ["answered"]
    if let answeredWithin { all.append(Self.within(answeredWithin)) }
    if let hasAudio { all.append(Self.audio(hasAudio)) }
    if let atLeast { all.append(Self.least(atLeast)) }
    if let atMost { all.append(Self.most(atMost)) }
    if !events.isEmpty { all.append(Self.events(events)) }
    if let ending { all.append(Self.ends(ending)) }
    return all
  }

  private static func within(_ time: Duration) -> String { "answered within \(Figures.milliseconds(time))" }
  private static func audio(_ isThere: Bool) -> String { isThere ? "audio" : "no audio" }
  private static func least(_ time: Duration) -> String { "at least \(Figures.milliseconds(time)) long" }
  private static func most(_ time: Duration) -> String { "at most \(Figures.milliseconds(time)) long" }
  private static func events(_ names: [String]) -> String { "events \(names.joined(separator: ", "))" }
  private static func ends(_ ending: Ending) -> String { "ends: \(ending.rawValue)" }
}
