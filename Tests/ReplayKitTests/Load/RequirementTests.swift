import Testing

@testable import ReplayKit

@Suite("What a run has to keep")
struct RequirementTests {
  private static var tally: ReplayTally {
    var tally = ReplayTally()
    for milliseconds in 1...1000 { tally.record(.turnLatency, .milliseconds(milliseconds)) }
    tally.calls = 100
    tally.turns = 900
    tally.greetings = 98
    tally.errors = ["UNAVAILABLE": 1, "NO_ANSWER": 1]
    tally.outcomes = ["hungUp": 98, "failed": 2]
    return tally
  }

  private static func verdict(_ text: String) throws -> ReplayVerdict.Item {
    try Requirement(text).verdict(on: tally, wall: .seconds(60))
  }

  @Test(
    "Times, counts and shares are compared in the unit in which they are written",
    arguments: [
      ("turn p99 < 995ms", true), ("turn p99 < 0.98s", false), ("turnLatency max >= 1000 ms", true),
      ("turn p50<=501ms", true), ("turn p99.9 > 1s", false), ("turn mean < 510ms", true), ("turn count = 1000", true),
      ("errors < 0.3%", true), ("errors <= 0.1%", false), ("errors = 2", true), ("errors.unavailable <= 1", true),
      ("errors.CANCELLED = 0", true), ("outcomes.failed > 1%", true), ("Outcomes.HungUp = 98", true),
      ("calls >= 100", true), ("violations = 0", true), ("wallSeconds < 61", true), ("wallSeconds < 59s", false),
    ])
  func kept(text: String, isKept: Bool) throws {
    #expect(try Self.verdict(text).isKept == isKept, "\(text)")
  }

  @Test("What nothing was measured for is not kept")
  func nothing() throws {
    let item = try Self.verdict("greeting p99 < 10s")
    #expect(!item.isKept && item.measured == nil && item.measuredText == "nothing measured")
    #expect(try !Requirement("callsLate < 1%").verdict(on: ReplayTally(), wall: .zero).isKept)
  }

  @Test(
    "What cannot be understood says what is wrong and what may be said",
    arguments: [
      ("", "no comparison"), ("turn p99", "no comparison"), ("turn < 900ms", "what of turn"),
      ("turn p101 < 1s", "nothing of a time"), ("turn p99 < 900", "needs its unit"), ("turn p99 < 9min", "no unit"),
      ("turn p99 << 1s", "no comparison"), ("turn p99 < 1s < 2s", "no unit"), ("trun p99 < 1s", "did you mean turn"),
      ("errors < x", "no number"), ("errors < 1ms", "no unit"), ("calls < 1%", "no part of anything"),
      ("errors p99 < 1", "too much"), ("outcomes.lost < 1", "no figure"), ("errors < 1%\u{7}", "plain text"),
      (String(repeating: "x", count: 300) + " < 1", "too long"),
    ])
  func errors(text: String, problem: String) {
    let error = #expect(throws: RequirementError.self) { try Requirement(text) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test("Errors are bounded unless a requirement is about them, and a run without a turn has failed")
  func implied() throws {
    let turn = try Requirement("turn p99 < 2s")
    let errors = try Requirement("errors < 1%")
    #expect(!ReplayVerdict([turn], on: Self.tally, wall: .zero).isPassed)
    #expect(ReplayVerdict([turn], allowedErrors: 2, on: Self.tally, wall: .zero).isPassed)
    #expect(ReplayVerdict([turn, errors], on: Self.tally, wall: .zero).isPassed)
    let silent = ReplayVerdict([], on: ReplayTally(), wall: .zero)
    #expect(!silent.isPassed && silent.requirements.map(\.requirement) == ["errors <= 0", "turns > 0"])
    #expect(ReplayVerdict([], needsTurn: false, on: ReplayTally(), wall: .zero).isPassed)
    #expect(ReplayReport(Self.tally, wall: .zero).lines.first?.contains("100 calls") == true)
    var report = ReplayReport(Self.tally, wall: .zero)
    report.verdict = ReplayVerdict([turn], on: Self.tally, wall: .zero)
    #expect(report.lines.first == "FAILED: 1 of 2 requirements not kept")
  }

  @Test("Calls that were begun late, and those that never were, are counted and timed from when they were due")
  func late() {
    var tally = ReplayTally()
    tally.begin(after: .milliseconds(4))
    tally.begin(after: .milliseconds(300))
    tally.miss(after: .seconds(2))
    #expect(tally.callsLate == 2 && tally.callsMissed == 1)
    #expect(tally.times[.callDelay]?.totalCount == 3)
    #expect(tally.times[.callDelay].map { $0.max >= 2_000_000 } == true)
  }
}
