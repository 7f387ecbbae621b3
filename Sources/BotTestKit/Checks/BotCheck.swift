import ReplayKit

/// One thing that a bot has to do right.
struct BotCheck: Sendable {
  /// What a check found, and the calls that it made.
  struct Result: Sendable {
    var verdict: BotTestReport.Verdict
    var seen: String
    var advice: String?
    var figures: [String: Double] = [:]
    var calls: [TestCall] = []

    static func passed(
      _ seen: String, better advice: String? = nil, figures: [String: Double] = [:], _ calls: TestCall...
    ) -> Self {
      .init(verdict: .passed, seen: seen, advice: advice, figures: figures, calls: calls)
    }

    static func failed(
      _ seen: String, change advice: String, figures: [String: Double] = [:], _ calls: TestCall...
    ) -> Self {
      .init(verdict: .failed, seen: seen, advice: advice, figures: figures, calls: calls)
    }

    static func notApplicable(_ seen: String, toCheck advice: String, _ calls: TestCall...) -> Self {
      .init(verdict: .notApplicable, seen: seen, advice: advice, calls: calls)
    }

    func finding(of check: BotCheck, on wire: BotWire) -> BotTestReport.Finding {
      .init(
        check: check.name, verdict: verdict, expected: check.expected(wire), seen: seen, advice: advice,
        figures: figures)
    }
  }

  let name: String
  let expected: @Sendable (BotWire) -> String
  let run: @Sendable (TestBench) async throws -> Result

  /// All checks that make calls, in the order of the report.
  static let all: [BotCheck] = [
    .greeting, .turn, .bargeIn, .digits, .noInput, .sensitive, .transfer, .end, .botCloses, .callerHangsUp,
  ]

  /// The name of the check that looks at all calls.
  static let wire = "wire"

  /// Whether everything that the server sent is as Webex takes it.
  static func wireFinding(_ calls: [TestCall]) -> BotTestReport.Finding {
    let violations = Set(calls.flatMap { $0.caller.violations.map(\.description) }).sorted()
    return .init(
      check: wire, verdict: violations.isEmpty ? .passed : .failed,
      expected: "Everything that leaves for Webex is as Webex takes it.",
      seen: violations.isEmpty
        ? "\(calls.count) call\(calls.count == 1 ? "" : "s") without a fault" : violations.joined(separator: "; "),
      advice: violations.isEmpty ? nil : "This is a fault of the server, not of the bot: report it with this text.")
  }
}
