import BotEngine
import BotEngines
import BotTestKit
import Testing

@Suite("The bot test", .timeLimit(.minutes(3)))
struct BotTestTests {
  private static func plan(_ only: String? = nil) -> BotTestPlan {
    var plan = BotTestPlan()
    plan.callsAtOnce = 10
    plan.only = only.map { [$0] }
    return plan
  }

  private static func check(
    _ name: String, of bot: FaultyBot, _ settle: @Sendable (inout BotTestPlan) -> Void = { _ in }
  ) async throws -> BotTestReport.Finding {
    var plan = plan(name)
    settle(&plan)
    return try #require(try await BotTest(bot, plan: plan).run().findings.first)
  }

  @Test("finds no fault with the demo and the front desk, in either response mode")
  func conformance() async throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    var demo = Self.plan()
    demo.transfer = BotTestCue(keys: "0")
    demo.end = BotTestCue(keys: "9")
    var desk = Self.plan()
    desk.sensitive = BotTestCue(keys: "3")
    desk.transfer = BotTestCue(keys: "0")
    desk.end = BotTestCue([.event("closed")])
    let script = try ScriptedEngine(script: "\(root)/Scripts/examples/front-desk/front-desk.yaml")
    async let first = BotTest(DemoEngine(), plan: demo, responses: .chunk).run()
    async let second = BotTest(DemoEngine(), plan: demo, responses: .wav).run()
    async let third = BotTest(script, plan: desk, responses: .chunk).run()
    async let fourth = BotTest(script, plan: desk, responses: .wav).run()
    let reports = try await [first, second, third, fourth]
    for report in reports {
      #expect(report.hasPassed, "\(report.text)")
      #expect(report.findings.map(\.check) == BotTest.checks)
    }
    #expect(reports.map { $0.count(.passed) } == [9, 9, 10, 10])
  }

  @Test("tells a bot that is silent, fails, leaves or keeps the floor from one that answers, and what to change")
  func answers() async throws {
    async let silent = Self.check("greeting", of: FaultyBot { _, _ in })
    async let wordless = Self.check("greeting", of: FaultyBot { event, call in if event.isStart { call.endTurn() } })
    async let failing = Self.check("greeting", of: FaultyBot { _, _ in throw Broken() })
    async let unending = Self.check(
      "digits",
      of: .good { event, call in
        guard event.keys != nil else { return false }
        call.play(FaultyBot.sound(300))
        return true
      })
    async let rude = Self.check(
      "no-input",
      of: .good { event, call in
        if event.isSilence { call.send(.end) }
        return event.isSilence
      })
    let findings = try await [silent, wordless, failing, unending, rude]
    let seen = [
      "said nothing for 5 s after `started`", "without a word", "failed (Broken", "did not end its turn",
      "ended the call on the caller's first silence",
    ]
    for (finding, seen) in zip(findings, seen) {
      #expect(finding.verdict == .failed)
      #expect(finding.seen.contains(seen), "\(finding.seen)")
      #expect(finding.advice?.isEmpty == false)
    }
  }

  @Test("hears a bot that talks over its caller, and one that is not to be interrupted")
  func interruption() async throws {
    async let stubborn = Self.check(
      "barge-in",
      of: .good { event, call in
        guard case .speechStarted = event else { return false }
        // The rest of the old answer, for the new turn.
        call.play(FaultyBot.sound(1500))
        return true
      })
    async let closed = Self.check(
      "barge-in",
      of: .good { event, call in
        guard event.isStart else { return false }
        var audio = FaultyBot.sound(2000)
        audio.bargeIn = false
        call.play(audio)
        call.endTurn()
        return true
      })
    async let polite = Self.check("barge-in", of: .good())
    let findings = try await [stubborn, closed, polite]
    #expect(findings.map(\.verdict) == [.failed, .notApplicable, .passed], "\(findings)")
    #expect(findings[0].figures["old_audio_ms"] == 1500)
    #expect(findings[1].seen.contains("lets nobody interrupt"))
  }

  @Test("S2: finds what is not marked as sensitive, and what is written all the same")
  func sensitive() async throws {
    let open = FaultyBot.good()
    let marked = FaultyBot.good { event, call in
      if event.keys == "3" { call.send(.sensitive(true)) }
      return false
    }
    let leaking = FaultyBot.good { event, call in
      if event.keys == "3" { call.send(.sensitive(true)) }
      if let keys = event.keys, keys.count > 2 { call.send(.transcript(speaker: .caller, text: "card \(keys)")) }
      return false
    }
    let settle: @Sendable (inout BotTestPlan) -> Void = { $0.sensitive = BotTestCue(keys: "3") }
    async let first = Self.check("sensitive", of: open, settle)
    async let second = Self.check("sensitive", of: marked, settle)
    async let third = Self.check("sensitive", of: leaking, settle)
    let findings = try await [first, second, third]
    #expect(findings.map(\.verdict) == [.failed, .passed, .failed], "\(findings)")
    #expect(findings[0].seen.contains("not marked"))
    #expect(findings[2].seen.contains("stands in what the bot wrote"))
  }

  @Test("sees how calls end: by a transfer, an end, a bot that closes, a caller who hangs up")
  func endings() async throws {
    async let stays = Self.check("transfer", of: .good()) { $0.transfer = BotTestCue(keys: "0") }
    async let goesOn = Self.check("end", of: .good()) { $0.end = BotTestCue(keys: "9") }
    async let closes = Self.check(
      "bot closes",
      of: .good { event, _ in
        if event.keys == "7" { throw Broken() }
        return false
      }
    ) { $0.closes = BotTestCue(keys: "7") }
    async let lingers = Self.check(
      "caller hangs up",
      of: .good { event, _ in
        if case .ended = event { try? await Task.sleep(for: .seconds(60)) }
        return false
      })
    let findings = try await [stays, goesOn, closes, lingers]
    #expect(findings.map(\.verdict) == [.failed, .failed, .passed, .failed], "\(findings)")
    #expect(findings[0].seen == "The bot did not transfer: the caller hung up.")
    #expect(findings[1].seen == "The bot did not end the call: the caller hung up.")
    #expect(findings[3].seen.contains("cancelled after 5 s"))
  }

  @Test("does not judge what it was not told how to bring about")
  func notApplicable() async throws {
    for name in ["sensitive", "transfer", "end", "bot closes"] {
      let finding = try await Self.check(name, of: .good())
      #expect(finding.verdict == .notApplicable)
      #expect(finding.advice?.contains("CUE") == true)
    }
  }

  @Test("takes keys as a cue, and nothing that is none")
  func cues() {
    #expect(BotTestCue(keys: "12#")?.steps.count == 1)
    #expect(BotTestCue(keys: "") == nil)
    #expect(BotTestCue(keys: "12x") == nil)
  }
}
