import BotEngine
import CallTraces
import GRPCTransport
import Testing
import Tracing
import WebexProtocol

@testable import CallGateway

@Suite("The trace of a conversation")
struct ConversationTraceTests {
  /// Seconds since the conversation's begin, to the millisecond.
  private struct Shape: Equatable, CustomStringConvertible {
    var name: String
    var from: Double
    var to: Double
    var attributes: [String: SpanAttribute] = [:]

    var description: String { "\(name) \(from)…\(to) \(attributes)" }
  }

  private let queue = SpanQueue()

  private func spans(since root: UInt64? = nil) -> [Shape] {
    let spans = queue.take(.max)
    let origin = root ?? spans.first { $0.name == "conversation" }?.start ?? 0
    func seconds(_ time: UInt64) -> Double { ((Double(time) - Double(origin)) / 1e6).rounded() / 1_000 }
    return spans.map { span in
      var attributes: [String: SpanAttribute] = [:]
      span.attributes.forEach { key, value in
        if key.hasPrefix("patchbay.turn") || key.hasPrefix("patchbay.speech") || key == "error.type"
          || key == "rpc.response.status_code" || key == "patchbay.conversation.end"
        {
          attributes[key] = value
        }
      }
      return Shape(name: span.name, from: seconds(span.start), to: seconds(span.end), attributes: attributes)
    }.sorted { ($0.from, $0.to, $0.name) < ($1.from, $1.to, $1.name) }
  }

  private func gateway(
    _ conversation: ConversationStateMachine.Settings = .init(mode: .chunk), queues: Int = 1
  ) throws -> TestGateway {
    try TestGateway(queues: queues, conversation: conversation, tracer: SpanRecorder(into: queue))
  }

  private static let method = "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"

  /// Audio of so many seconds.
  private func audio(_ seconds: Int) -> BotCommand {
    .audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 8_000 * seconds))))
  }

  @Test("has the greeting: its RPC, the bot until its first audio, what is heard, and the end")
  func greeting() throws {
    let test = try gateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.advance(by: .milliseconds(300))
    test.bot(audio(2), .endTurn(nil))
    rpc.halfClose()
    rpc.end(.completed)
    test.advance(by: .seconds(5))
    let last = try test.call()
    last.send(message: VoiceRequest.hangup)
    last.halfClose()
    last.end(.completed)
    #expect(
      spans() == [
        .init(
          name: "agent_response", from: 0, to: 0.3,
          attributes: ["patchbay.turn.kind": "start", "patchbay.turn.outcome": "audio"]),
        .init(name: Self.method, from: 0, to: 0.3, attributes: ["rpc.response.status_code": "OK"]),
        .init(name: "conversation", from: 0, to: 5.3, attributes: ["patchbay.conversation.end": "hangup"]),
        .init(name: "invoke_agent agent", from: 0, to: 5.3),
        .init(name: "agent_speech", from: 0.3, to: 2.3),
        .init(name: Self.method, from: 5.3, to: 5.3, attributes: ["rpc.response.status_code": "OK"]),
      ])
  }

  @Test("has an interruption: what was heard by then, and a turn that was never answered")
  func interruption() throws {
    let test = try gateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.bot(audio(10), .endTurn(nil))
    rpc.halfClose()
    rpc.end(.completed)
    test.advance(by: .seconds(3))
    for _ in 0..<2 {
      let keys = try test.call()
      keys.send(message: VoiceRequest.of(.dtmf([.one])))
      keys.halfClose()
      test.advance(by: .seconds(1))
    }
    let spans = spans(since: queue.take(0).first?.start)
    #expect(spans.count >= 3)
    let heard = try #require(spans.first { $0.name == "agent_speech" })
    #expect(heard.attributes["patchbay.speech.interrupted"] == .bool(true))
    #expect(heard.attributes["patchbay.speech.played_ms"] == .int64(3_000))
    #expect(((heard.to - heard.from) * 1_000).rounded() == 3_000)
    let dropped = spans.first { $0.attributes["patchbay.turn.outcome"] == "interrupted" }
    #expect(dropped?.attributes["patchbay.turn.kind"] == "digits")
  }

  @Test("says how a bot failed that answers in no time")
  func silentBot() throws {
    let test = try gateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.advance(by: .seconds(5))
    rpc.end(.completed)
    let failed = spans().filter { $0.attributes["error.type"] == "silent" }
    #expect(Set(failed.map(\.name)) == ["conversation", "invoke_agent agent", "agent_response"])
    #expect(failed.allSatisfy { $0.from == 0 && $0.to == 5 })
  }

  @Test("gives the bot its context, and belongs to one trace on whatever loop its RPCs are")
  func context() throws {
    let test = try gateway(queues: 2)
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.answer("hello")
    rpc.end(.completed)
    let far = try test.call(on: 1)
    far.send(message: VoiceRequest.hangup)
    far.end(.completed)
    let traceparent = try #require(test.bot.call?.info.traceparent)
    let spans = queue.take(.max)
    let invoked = try #require(spans.first { $0.name == "invoke_agent agent" })
    #expect(traceparent == invoked.context.traceparent)
    #expect(Set(spans.map(\.context.traceID)).count == 1)
    #expect(spans.count { $0.name == Self.method } == 2)
    let root = try #require(spans.first { $0.name == "conversation" })
    #expect(spans.filter { $0.name == Self.method }.allSatisfy { $0.parent == root.context.span })
  }

  @Test("an RPC that is lost is cancelled, which is nobody's fault")
  func lost() throws {
    let test = try gateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    rpc.end(.cancelled)
    let span = try #require(queue.take(.max).first { $0.name == Self.method })
    #expect(span.attributes.get("rpc.response.status_code") == .string("CANCELLED"))
    #expect(span.status == nil)
  }

  @Test("is not begun for an RPC that is refused")
  func refused() throws {
    let test = try gateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.of(.event(.init(.sessionStart)), organization: "other"))
    rpc.end(.completed)
    #expect(queue.take(.max).isEmpty)
  }

  @Test("without a tracer there is none, and the bot is told of none")
  func off() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    #expect(test.bot.call != nil && test.bot.call?.info.traceparent == nil)
  }

  // MARK: Speech, told by the detector

  private static let info = CallInfo(organization: "o", conversation: "c", agent: "agent")

  @Test("has the caller's words from their first sound to their last, and the wait for their end after that")
  func speech() throws {
    let spans = try #require(ConversationSpans(SpanRecorder(into: queue), now: .seconds(100), wall: 5_000_000_000))
    var trace = ConversationTrace(spans, of: Self.info)
    trace.told(.speechStarted(offset: 1_000), turn: 1, position: 1_120, silence: nil, now: .seconds(102))
    trace.settle(isSpeaking: true, now: .seconds(102))
    trace.told(.speechEnded(offset: 3_000), turn: 2, position: 3_700, silence: .milliseconds(700), now: .seconds(105))
    trace.answered("audio", turn: 2, now: .seconds(106))
    trace.closed(.ended, failure: nil, turns: 1, now: .seconds(107))
    #expect(
      self.spans(since: 5_000_000_000) == [
        .init(name: "conversation", from: 0, to: 7, attributes: ["patchbay.conversation.end": "ended"]),
        .init(name: "user_speech", from: 1.88, to: 4.3),
        .init(name: "eou_wait", from: 4.3, to: 5),
        .init(
          name: "agent_response", from: 5, to: 6,
          attributes: ["patchbay.turn.kind": "speech", "patchbay.turn.outcome": "audio"]),
      ])
  }

  @Test("speech that leads to no turn is marked; an answer to an older turn ends no newer one")
  func abandoned() throws {
    let spans = try #require(ConversationSpans(SpanRecorder(into: queue), now: .zero, wall: 0))
    var trace = ConversationTrace(spans, of: Self.info)
    trace.told(.speechStarted(offset: 0), turn: 1, position: 0, silence: nil, now: .zero)
    trace.settle(isSpeaking: false, now: .seconds(1))
    trace.told(.digits("1"), turn: 3, position: 0, silence: nil, now: .seconds(1))
    trace.answered("audio", turn: 2, now: .seconds(2))
    trace.answered("silence", turn: 3, now: .seconds(3))
    #expect(
      self.spans(since: 0) == [
        .init(name: "user_speech", from: 0, to: 1, attributes: ["patchbay.speech.abandoned": true]),
        .init(
          name: "agent_response", from: 1, to: 3,
          attributes: ["patchbay.turn.kind": "digits", "patchbay.turn.outcome": "silence"]),
      ])
  }

  @Test("what the caller hears has a span for each stretch; after the end it is heard out unless the caller has gone")
  func heard() throws {
    for (end, expected) in [(CallEnd.transferred, 9.0), (.hangup, 6.0)] {
      let spans = try #require(ConversationSpans(SpanRecorder(into: queue), now: .zero, wall: 0))
      var trace = ConversationTrace(spans, of: Self.info)
      trace.played(milliseconds: 1_000, now: .zero)
      trace.played(milliseconds: 1_000, now: .milliseconds(500))
      trace.played(milliseconds: 4_000, now: .seconds(5))
      trace.closed(end, failure: nil, turns: 0, now: .seconds(6))
      let stretches = self.spans(since: 0).filter { $0.name == "agent_speech" }
      #expect(stretches.map(\.from) == [0, 5] && stretches.map(\.to) == [2, expected])
    }
  }
}
