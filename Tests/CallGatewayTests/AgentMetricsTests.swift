import BotEngine
import MetricsTestKit
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("AgentMetrics tells of one agent's turns, and how long its callers wait")
struct AgentMetricsTests {
  private static let agent = [("agent", "front-desk")]

  @Test("a turn is counted under how the caller took it; what is no turn is not counted")
  func turns() throws {
    try metered { metrics in
      let agent = AgentMetrics(agent: "front-desk")
      for event in [
        CallerEvent.started, .digits("12"), .digits("3"), .noInput, .speechStarted(offset: 0), .ended(.hangup),
      ] {
        agent.handedOver(event)
      }
      func turns(_ kind: String) -> Int64 {
        metrics.total("patchbay_turns_total", Self.agent + [("kind", kind)])
      }
      #expect(turns("start") == 1 && turns("digits") == 2 && turns("no_input") == 1 && turns("speech") == 0)
      #expect(metrics.total("patchbay_turns_total") == 4)
    }
  }

  @Test("a caller's wait has the silence in it that ended the turn; where none was heard there is no such wait")
  func wait() throws {
    try metered { metrics in
      let agent = AgentMetrics(agent: "front-desk")
      agent.answered(after: .milliseconds(300), silence: nil)
      agent.answered(after: .milliseconds(200), silence: .milliseconds(700))
      func times(_ label: String) -> [Int64]? { metrics.timers(label: label, dimensions: Self.agent).first?.values }
      #expect(times("patchbay_answer_seconds") == [300_000_000, 200_000_000])
      #expect(times("patchbay_caller_wait_seconds") == [900_000_000])
    }
  }
}
