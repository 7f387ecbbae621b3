public import BotEngine
package import CallGateway
import Logging

/// Plays standard conversations at a bot and tells what it does wrong.
///
/// The bot is put behind the server that it will run in, and called as Webex calls: with spoken words, keys, silences,
/// interruptions and hang-ups, each check in a call of its own, in real time.
///
/// ```swift
/// var plan = BotTestPlan()
/// plan.transfer = BotTestCue(keys: "0")
/// let report = try await BotTest(MyBot(), plan: plan).run()
/// print(report.text)
/// ```
public struct BotTest: Sendable {
  /// How answers go out.
  public enum Responses: Sendable {
    /// As whole WAV files when the turn is complete.
    case wav
    /// Piece by piece as the bot speaks.
    case chunk
  }

  /// The names of all checks, in their order.
  public static var checks: [String] { BotCheck.all.map(\.name) + [BotCheck.wire] }

  private let agent: Agent
  private let plan: BotTestPlan
  private let wire: BotWire

  /// A test of an engine.
  public init(_ engine: any BotEngine, plan: BotTestPlan = BotTestPlan(), responses: Responses = .chunk) {
    self.init(
      agent: Agent(
        id: "bot", name: "Bot", isDefault: true, engine: engine,
        conversation: .init(mode: responses == .wav ? .wav : .chunk)), plan: plan, wire: .swift)
  }

  /// A test of an agent as it is configured, in the words of its wire.
  package init(agent: Agent, plan: BotTestPlan, wire: BotWire = .swift) {
    self.agent = agent
    self.plan = plan
    self.wire = wire
  }

  /// Runs the checks. Throws only where the test itself cannot be run: what the bot does is in the report.
  ///
  /// - Parameter isDone: told each finding as soon as it is there, in any order.
  public func run(
    isDone: @escaping @Sendable (BotTestReport.Finding) -> Void = { _ in }
  ) async throws -> BotTestReport {
    var log = Logger(label: "bot-test", factory: { StreamLogHandler.standardError(label: $0) })
    log.logLevel = .critical
    let bench = try TestBench(agent, plan: plan, wire: wire, log: log)
    do {
      let report = try await run(on: bench, isDone)
      await bench.shutdown()
      return report
    } catch {
      await bench.shutdown()
      throw error
    }
  }

  private func run(
    on bench: TestBench, _ isDone: @escaping @Sendable (BotTestReport.Finding) -> Void
  ) async throws -> BotTestReport {
    let checks = BotCheck.all.filter { plan.only?.contains($0.name) ?? true }
    var findings: [Int: BotTestReport.Finding] = [:]
    var calls: [TestCall] = []
    try await withThrowingTaskGroup(of: (Int, BotCheck.Result).self) { group in
      var next = checks.indices.makeIterator()
      func begin() {
        guard let index = next.next() else { return }
        group.addTask { (index, try await checks[index].run(bench)) }
      }
      for _ in 0..<max(1, plan.callsAtOnce) { begin() }
      while let (index, result) = try await group.next() {
        findings[index] = result.finding(of: checks[index], on: wire)
        calls += result.calls
        findings[index].map(isDone)
        begin()
      }
    }
    var inOrder = checks.indices.compactMap { findings[$0] }
    if plan.only?.contains(BotCheck.wire) ?? true {
      let wire = BotCheck.wireFinding(calls)
      isDone(wire)
      inOrder.append(wire)
    }
    return BotTestReport(findings: inOrder)
  }
}
