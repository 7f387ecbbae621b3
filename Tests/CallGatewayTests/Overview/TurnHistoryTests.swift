import Testing

@testable import CallGateway

@Suite("TurnHistory keeps the last hour of each agent's turns and calls, and no more")
struct TurnHistoryTests {
  private func answered(_ history: inout TurnHistory, at second: Int, _ milliseconds: Int, silence: Int? = nil) {
    history.answered(
      agent: "desk", after: .milliseconds(milliseconds), silence: silence.map { .milliseconds($0) },
      now: .seconds(second))
  }

  @Test("the caller's wait has the silence in it; where no speech was heard to end there is none")
  func waits() throws {
    var history = TurnHistory()
    answered(&history, at: 5, 20, silence: 700)
    answered(&history, at: 6, 30)
    let agent = try #require(history.report(seconds: 300, now: .seconds(20), wall: 1_000_020).agents.first)
    #expect(agent.agent == "desk" && agent.turns == 2)
    #expect(agent.wait == .init(p50: 720, p90: 720, p99: 720))
    #expect(agent.answer == .init(p50: 30, p90: 30, p99: 30))
  }

  @Test("a slot counts for as many turns as it had, however many of them it kept")
  func weights() throws {
    var history = TurnHistory()
    for _ in 0..<900 { answered(&history, at: 1, 100) }
    for _ in 0..<20 { answered(&history, at: 11, 5_000) }
    #expect(history.slots["desk"]?.map(\.samples.count) == [TurnHistory.maximumSamples, 20])
    let agent = try #require(history.report(seconds: 300, now: .seconds(20), wall: 20).agents.first)
    #expect(agent.turns == 920)
    #expect(agent.answer == .init(p50: 100, p90: 100, p99: 5_000))
  }

  @Test("every turn of a busy slot has the same chance to be kept")
  func chances() throws {
    var late = 0
    for _ in 0..<200 {
      var history = TurnHistory()
      for turn in 0..<320 { answered(&history, at: 1, turn < 160 ? 100 : 200) }
      late += try #require(history.slots["desk"]?.first).samples.count { $0.answer == 200 }
    }
    // 6,400 samples, half of them late; 5 standard deviations are 200.
    #expect((3_000...3_400).contains(late))
  }

  @Test("after an hour a slot is forgotten")
  func hour() throws {
    var history = TurnHistory()
    for second in stride(from: 0, to: 7_200, by: 10) { answered(&history, at: second, 100) }
    #expect(history.slots["desk"]?.count == 360)
    let report = history.report(seconds: 100_000, now: .seconds(7_195), wall: 7_195)
    #expect(report.seconds == 3_600 && report.step == 30)
    let agent = try #require(report.agents.first)
    #expect(agent.turns == 360 && agent.points.count == 120)
    #expect(agent.points.first?.at == 3_600 && agent.points.last?.at == 7_170)
    #expect(history.report(seconds: 300, now: .seconds(12_000), wall: 0).agents.isEmpty)
  }

  @Test("more agents than are kept share one history")
  func agents() {
    var history = TurnHistory()
    for agent in 0..<100 { history.ended(agent: "agent-\(agent)", hasFailed: agent >= 50, now: .seconds(1)) }
    #expect(history.slots.count <= TurnHistory.maximumAgents + 2)
    #expect(history.sums(of: TurnHistory.other, last: .seconds(300), now: .seconds(2)).failed == 50)
    #expect(history.sums(of: nil, last: .seconds(300), now: .seconds(2)).ended == 100)
  }

  @Test("sums are of the latest time alone, each agent's and the server's")
  func sums() {
    var history = TurnHistory()
    for second in [10, 500, 510] {
      history.started(agent: "desk", now: .seconds(second))
      history.ended(agent: "desk", hasFailed: second != 510, now: .seconds(second))
    }
    history.refused(now: .seconds(505))
    let now = Duration.seconds(600)
    #expect(
      history.sums(of: "desk", last: .seconds(300), now: now) == CallSums(started: 2, ended: 2, failed: 1, refused: 0))
    #expect(
      history.sums(of: nil, last: .seconds(300), now: now) == CallSums(started: 2, ended: 2, failed: 1, refused: 1))
    #expect(history.sums(of: "other", last: .seconds(300), now: now) == CallSums())
  }

  @Test("the most live calls of a time are shown, and quiet times cost nothing")
  func live() {
    var history = TurnHistory()
    for second in 0..<60 { history.noted(live: 0, now: .seconds(second)) }
    #expect(history.slots.isEmpty)
    for (second, live) in [(61, 3), (62, 7), (63, 2), (71, 0)] { history.noted(live: live, now: .seconds(second)) }
    #expect(history.report(seconds: 60, now: .seconds(75), wall: 75).server.map(\.live) == [7, 0])
  }
}
