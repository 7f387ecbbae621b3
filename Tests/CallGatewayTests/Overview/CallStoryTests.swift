import BotEngine
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("The story of a call is told while it is live and for a while after it")
struct CallStoryTests {
  private func kinds(_ timeline: CallStory) -> [String] {
    timeline.entries.map { entry in [entry.kind.rawValue, entry.detail].compactMap { $0 }.joined(separator: " ") }
  }

  @Test("turns, answers and the end are told with their times, and digits are not")
  func story() throws {
    let test = try TestGateway()
    let greeting = try test.call(headers: [("trackingid", "first")])
    greeting.send(message: VoiceRequest.start)
    let status = try #require(test.gateway.statuses.first)
    #expect(kinds(status.timeline) == ["started", "turn start"])
    test.answer("hello")
    greeting.end(.completed)
    test.advance(by: .seconds(2))
    let digits = try test.call(headers: [("trackingid", "second")])
    digits.send(message: VoiceRequest.of(.dtmf([.four, .two])))
    digits.halfClose()
    test.advance(by: .milliseconds(300))
    test.answer("thank you")
    digits.end(.completed)
    let bye = try test.call()
    bye.send(message: VoiceRequest.hangup)

    #expect(test.gateway.statuses.isEmpty)
    let ended = try #require(test.gateway.endedCalls.first)
    #expect(ended.end == .hangup && ended.failure == nil && ended.status === status)
    #expect(status.trackingIDs == ["first", "second"])
    #expect(kinds(status.timeline).prefix(3) == ["started", "turn start", "turn digits"])
    #expect(kinds(status.timeline).suffix(2) == ["answered", "ended hangup"])
    let answer = try #require(status.timeline.lastAnswer)
    #expect(answer.answer.map { $0 >= 300 && $0 < 400 } == true && answer.wait == nil)
    #expect(!"\(status.timeline)".contains("42"))
  }

  @Test("of a bot that fails the operator reads how, in the call and of the agent")
  func failure() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.advance(by: .seconds(5))
    let ended = try #require(test.gateway.endedCalls.first)
    #expect(ended.end == .botFailed && ended.failure == "no answer in time")
    #expect(kinds(ended.status.timeline).suffix(2) == ["failed no answer in time", "ended botFailed"])
    let condition = try #require(test.gateway.settings.agents.all.first).condition
    #expect(condition.failuresInRow == 1 && condition.failures == 1 && !condition.isLeftAlone)
    #expect(condition.lastFailure?.text == "no answer in time" && condition.lastAnswer == nil)
    #expect(test.gateway.totals.failed == 1)
  }

  @Test("a long call keeps its beginning and its latest part")
  func long() {
    var timeline = CallStory()
    for second in 0..<500 { timeline.note(.init(at: Double(second), kind: second == 0 ? .started : .turn)) }
    #expect(timeline.entries.count == CallStory.maximumEntries && timeline.omitted == 380)
    #expect(timeline.entries.first?.kind == .started && timeline.entries.last?.at == 499)
  }

  @Test("the calls that ended are kept up to a number, the latest first")
  func ring() throws {
    let test = try TestGateway()
    var ended = EndedCalls()
    #expect(ended.latest.isEmpty)
    for second in 1...(EndedCalls.capacity + 5) {
      let status = SessionStatus(
        key: ConversationKey(organization: "o", conversation: "\(second)"), agent: "a", began: .zero,
        loop: ObjectIdentifier(test))
      ended.append(EndedCall(status: status, end: .hangup, failure: nil, at: .seconds(second)))
    }
    #expect(ended.latest.count == EndedCalls.capacity)
    #expect(ended.latest.first?.status.conversation == "305" && ended.latest.last?.status.conversation == "6")
  }

  @Test("those that a bot failed are kept for longer, so that an alert's calls are there on a busy server too")
  func failures() throws {
    let test = try TestGateway()
    var ended = EndedCalls()
    for second in 1...1_000 {
      let status = SessionStatus(
        key: ConversationKey(organization: "o", conversation: "\(second)"), agent: "a", began: .zero,
        loop: ObjectIdentifier(test))
      let failure = second <= 150 ? "silent" : nil
      ended.append(EndedCall(status: status, end: .hangup, failure: failure, at: .seconds(second)))
    }
    #expect(ended.latest.count == EndedCalls.capacity + EndedCalls.failureCapacity)
    #expect(ended.latest.map(\.at) == ended.latest.map(\.at).sorted(by: >))
    let failed = ended.latest.filter { $0.failure != nil }.map(\.status.conversation)
    #expect(failed == (51...150).reversed().map(String.init))
  }
}
