import BotEngine
import CallTraces
import GRPCTransport
import SpeechDetection
import Testing

@testable import CallGateway

@Suite("What is kept of calls for people who look at them")
struct CallOverviewTests {
  private func status(_ agent: String = "a") -> SessionStatus {
    let loop = ManualLoops().loops[0]
    return SessionStatus(
      key: ConversationKey(organization: "o", conversation: "c"), agent: agent, began: .zero,
      loop: ObjectIdentifier(loop))
  }

  @Test("a CallOverview counts calls, answers, bots' failures and refusals, and keeps the latest of each")
  func overview() {
    let overview = CallOverview()
    let (good, bad) = (status(), status("b"))
    overview.started(good, now: .seconds(1))
    overview.answered(good, after: .milliseconds(300), silence: .milliseconds(700), now: .seconds(2))
    overview.started(bad, now: .seconds(3))
    overview.ended(bad, .botFailed, failure: "closed: gone", now: .seconds(4))
    overview.ended(good, .hangup, failure: nil, now: .seconds(5))
    overview.refused("no room", now: .seconds(6))
    overview.refused("no token", now: .seconds(7))
    let totals = overview.totals
    #expect((totals.started, totals.answers, totals.failed, totals.refused) == (2, 1, 1, 2))
    #expect(totals.lastRefusal?.text == "no token" && totals.lastRefusal?.at == .seconds(7))
    #expect(Set(overview.ended.map(\.end)) == [.botFailed, .hangup])
    #expect(overview.ended.compactMap(\.failure) == ["closed: gone"])
  }

  @Test("an RPCTrace is one span, with the wait for keys below it; what is the server's fault fails it")
  func trace() throws {
    let queue = SpanQueue()
    let key = ConversationKey(organization: "o", conversation: "c")
    let spans = try #require(ConversationSpans(SpanRecorder(into: queue), now: .zero, wall: 0))
    let trace = RPCTrace(spans, key: key, began: .seconds(1), awaitedKeys: .seconds(2))
    trace.end(.unavailable, at: .seconds(3))
    let socket = RPCTrace(socket: spans, key: key, began: .seconds(4))
    socket.end(.ok, at: .seconds(5))
    let all = queue.take(.max)
    let rpc = try #require(all.first { $0.name == VoiceGateway.conversationMethod })
    let wait = try #require(all.first { $0.name == "await_keys" })
    #expect(wait.parent == rpc.context.span && rpc.status != nil)
    #expect(rpc.attributes.get("gen_ai.conversation.id") == .string("c"))
    let second = try #require(all.first { $0.name == SocketPath.conversation.rawValue })
    #expect(second.status == nil && second.attributes.get("rpc.response.status_code") == .string("OK"))
  }

  @Test("a TurnEnd says which silence ended the turn and why, or what else did")
  func turnEnd() {
    #expect(TurnEnd(.maximumUtterance, after: nil, bot: nil).because == "maximum_utterance")
    #expect(TurnEnd(.endOfStream, after: nil, bot: nil) == TurnEnd(.endOfStream, after: nil, bot: 300))
    let fixed = TurnEnd(.silence, after: nil, bot: nil)
    #expect(fixed.silence == nil && fixed.because == "end_silence")
    #expect(TurnEnd(.silence, after: nil, bot: 300).because == "bots_end_silence")
    #expect(TurnEnd.bot != .platform && TurnEnd.bot.silence == nil)
  }
}
