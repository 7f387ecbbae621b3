import MetricsTestKit
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("BotHealth keeps calls from an agent's bot that fails, and operators see it")
struct BotHealthTests {
  private static let agent = [("agent", "front-desk")]
  private let settings = CircuitBreaker.Settings(failures: 2, window: .seconds(10), probe: .seconds(5))

  @Test("opened by failures it keeps calls away, lets one try, and is closed by an answer")
  func opensAndCloses() throws {
    try metered { metrics in
      let health = BotHealth(agent: "front-desk", settings: settings)
      #expect(metrics.level("patchbay_bot_breaker_open", Self.agent) == 0)
      let opened = [
        health.failed("silent", "no answer in time", now: .seconds(1)),
        health.failed("silent", "no answer in time", now: .seconds(2)),
        health.failed("silent", "no answer in time", now: .seconds(3)),
      ]
      // It is opened once, whatever fails after that.
      #expect(opened == [false, true, false])
      #expect(metrics.level("patchbay_bot_breaker_open", Self.agent) == 1)
      #expect(!health.admit(now: .milliseconds(6999)))
      #expect(health.admit(now: .seconds(7)) && !health.admit(now: .seconds(8)))
      #expect(health.succeeded(now: .seconds(7)) && !health.succeeded(now: .seconds(8)))
      #expect(health.admit(now: .seconds(8)))
      #expect(metrics.level("patchbay_bot_breaker_open", Self.agent) == 0)
      #expect(metrics.total("patchbay_bot_breaker_openings_total", Self.agent) == 1)
      #expect(metrics.total("patchbay_bot_calls_kept_away_total", Self.agent) == 2)
    }
  }

  @Test("each kind of failure has its counter before the first, so that a monitor sees several at once as growth")
  func none() throws {
    try metered { metrics in
      _ = BotHealth(agent: "front-desk", settings: settings)
      let kinds = metrics.counters(label: "patchbay_bot_failures_total").flatMap(\.dimensions).filter { $0.0 == "kind" }
      #expect(
        kinds.map(\.1).sorted() == [
          "closed", "error", "flooded", "garbage", "refused", "returned", "silent", "unreachable",
        ])
    }
  }

  @Test("failures are counted by their kind, those while it is open too")
  func kinds() throws {
    try metered { metrics in
      let health = BotHealth(agent: "front-desk", settings: settings)
      for kind in ["silent", "silent", "error"] { _ = health.failed(kind, kind, now: .seconds(1)) }
      #expect(metrics.total("patchbay_bot_failures_total", Self.agent + [("kind", "silent")]) == 2)
      #expect(metrics.total("patchbay_bot_failures_total", Self.agent + [("kind", "error")]) == 1)
    }
  }

  @Test(
    "a bot that greets every caller, and answers none, is left alone; what it answers counts for it",
    arguments: [
      false, true,
    ])
  func greetsAndFails(isAnswered: Bool) throws {
    let test = try TestGateway()
    func keys(_ conversation: String) throws {
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.of(.dtmf([.one]), conversation: conversation))
      rpc.halfClose()
      test.advance(by: .seconds(3))
    }
    for number in 1...6 {
      let greeting = try test.call()
      greeting.send(message: VoiceRequest.of(.event(.init(.sessionStart)), conversation: "c-\(number)"))
      if test.bot.callCount == number { test.answer("hello") }
      greeting.halfClose()
      if isAnswered {
        try keys("c-\(number)")
        test.answer("one")
      }
      try keys("c-\(number)")
      // Not as long as until a call may try again.
      test.advance(by: .seconds(6))
    }
    #expect(test.gateway.liveConversations == 0)
    #expect(test.bot.callCount == (isAnswered ? 6 : 5))
  }

  @Test("a caller whose bot is kept away gets the fallback at once, and the bot hears nothing of the call")
  func keptAway() throws {
    let test = try TestGateway()
    for call in 1...5 {
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.of(.event(.init(.sessionStart)), conversation: "c-\(call)"))
      test.advance(by: .seconds(5))
      #expect(try rpc.told == ["transferToAgent"])
    }
    #expect(test.bot.callCount == 5)
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.of(.event(.init(.sessionStart)), conversation: "c-6"))
    #expect(try rpc.told == ["transferToAgent"])
    #expect(test.bot.callCount == 5)
  }
}
