import BotEngine
import MetricsTestKit
import Testing
import TokenVerification
import WebexProtocol

@testable import CallGateway

@Suite("GatewayMetrics tells operators of calls, and nothing is lost without being counted")
struct GatewayMetricsTests {
  private func ended(_ reason: CallEnd) -> (String, [(String, String)]) {
    ("patchbay_conversations_ended_total", [("reason", reason.rawValue)])
  }

  @Test("a conversation is live until its end, which is counted under its reason")
  func conversation() throws {
    try metered { metrics in
      let test = try TestGateway()
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.start)
      #expect(metrics.level("patchbay_conversations_live") == 1)
      test.advance(by: .seconds(1))
      test.answer("hello")
      rpc.end(.completed)
      let bye = try test.call()
      bye.send(message: VoiceRequest.hangup)
      #expect(metrics.level("patchbay_conversations_live") == 0)
      #expect(metrics.total("patchbay_conversations_started_total") == 1)
      #expect(metrics.total("patchbay_conversations_ended_total") == 1)
      let (label, reason) = ended(.hangup)
      #expect(metrics.total(label, reason) == 1)
      let totals = test.gateway.totals
      #expect((totals.started, totals.answers, totals.failed, totals.refused) == (1, 0, 0, 0))
    }
  }

  @Test("audio that is dropped is counted in time, under the stage that had no use for it")
  func droppedAudio() throws {
    try metered { metrics in
      let test = try TestGateway(conversation: .init(mode: .chunk))
      let drops = DroppedAudio(.overflow)
      drops.add(milliseconds: 0)
      drops.add(milliseconds: 1500)
      drops.add(milliseconds: 1500)
      #expect(metrics.total("patchbay_audio_dropped_seconds_total", [("stage", "overflow")]) == 3)
      test.gateway.metrics.dropped(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 16_000)))))
      #expect(metrics.total("patchbay_outputs_dropped_total", [("reason", "overflow")]) == 1)
    }
  }

  @Test("an answer's latency runs from the end of the caller's turn to the bot's first word")
  func latency() throws {
    try metered { metrics in
      let test = try TestGateway()
      let first = try test.call()
      first.send(message: VoiceRequest.start)
      test.answer("hello")
      first.end(.completed)
      #expect(metrics.timers(label: "patchbay_answer_seconds").first?.values == [])
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.of(.dtmf([.one])))
      rpc.halfClose()
      test.advance(by: .milliseconds(1200))
      test.answer("one")
      #expect(metrics.timers(label: "patchbay_answer_seconds").first?.values == [1_200_000_000])
      let history = test.gateway.turnHistory(seconds: 3_600, now: test.loops.loops[0].now, wall: 0)
      #expect(history.agents.first?.answer?.p50 == 1200)
    }
  }

  @Test("what a bot says after it has taken its leave is counted as late, what a caller cuts off as interrupted")
  func drops() throws {
    try metered { metrics in
      let test = try TestGateway(conversation: .init(mode: .chunk))
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.start)
      test.answer("hello")
      rpc.end(.completed)
      let keys = try test.call()
      keys.send(message: VoiceRequest.of(.dtmf([.one])))
      keys.halfClose()
      test.advance(by: .seconds(3))
      test.bot(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 240_000)))))
      test.advance(by: .seconds(1))
      let interrupting = try test.call()
      interrupting.send(message: VoiceRequest.of(.event(.init(.startOfDTMF))))
      interrupting.end(.cancelled)
      test.bot(.transfer(summary: nil, metadata: [:]))
      test.bot(.text("too late", bargeIn: true), .audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 4000)))))
      let bye = try test.call()
      bye.send(message: VoiceRequest.hangup)
      func dropped(_ reason: String) -> Int64 {
        metrics.total("patchbay_outputs_dropped_total", [("reason", reason)])
      }
      #expect(dropped("late") == 2 && dropped("interrupted") == 1 && dropped("overflow") == 0)
      #expect(metrics.total("patchbay_audio_dropped_seconds_total", [("stage", "late")]) == 0)
    }
  }

  @Test("RPCs, messages and tokens that are refused are counted apart")
  func refusals() throws {
    try metered { metrics in
      let test = try TestGateway()
      #expect(
        metrics.counters(label: "patchbay_tokens_refused_total").count == TokenRefusal.Check.allCases.count + 2,
        "each is there before the first, so that a monitor sees several at once as growth")
      let broken = try test.call()
      broken.send(message: VoiceRequest.silence)
      broken.send(message: [0xFF])
      let foreign = try test.call()
      foreign.send(message: VoiceRequest.of(.none, organization: "other"))
      let stranger = FakeRPC(test.loops, headers: [("authorization", "Bearer none")])
      stranger.begin { test.gateway.accept($0, .conversation) }
      #expect(metrics.total("patchbay_messages_refused_total") == 2)
      #expect(metrics.total("patchbay_tokens_refused_total") == 1)
      #expect(test.gateway.totals.refused == 3)
      #expect(test.gateway.totals.lastRefusal?.text == "UNAUTHENTICATED: unauthenticated")
    }
  }

  @Test("audio is counted as it comes, and apart where it is refused")
  func audio() throws {
    try metered { metrics in
      let test = try TestGateway()
      let rpc = try test.call()
      for _ in 0..<3 { rpc.send(message: VoiceRequest.silence) }
      rpc.send(message: VoiceRequest.of(.audio(.init(bytes: [0], encoding: .mulaw, sampleRate: 1))))
      #expect(rpc.status?.code == .invalidArgument)
      #expect(metrics.total("patchbay_audio_frames_total") == 4)
      #expect(metrics.total("patchbay_audio_refused_total") == 1)
    }
  }

  @Test("a duration in nanoseconds has bounds rather than an overflow")
  func nanoseconds() {
    #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    #expect(Duration.seconds(Int64.max).nanoseconds == .max && Duration.seconds(Int64.min).nanoseconds == .min)
  }
}
