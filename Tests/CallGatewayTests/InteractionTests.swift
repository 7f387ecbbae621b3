import GRPCTransport
import Logging
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("An Interaction is one RPC's audio: what is wrong with it is its own")
struct InteractionTests {
  /// A conversation with two lines of its own.
  private func lines() throws -> (TestGateway, Conversation, [MemoryLine]) {
    let test = try TestGateway()
    let session = try test.session(of: test.gateway.registry, "c-1") { status in
      Conversation(
        agent: test.gateway.agents.agents(for: TestGateway.organization)[0],
        info: .init(organization: status.organization, conversation: "c-1", agent: "agent"), status: status,
        loop: test.loops.loops[0], worker: VoiceWorker(), metrics: test.gateway.metrics, recorder: nil,
        log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      ) { test.gateway.registry.remove($0.status) }
    }
    let conversation = try #require(session as? Conversation)
    return (test, conversation, (1...2).map { MemoryLine(conversation, id: $0, .conversation, test.loops) })
  }

  private func frame(_ count: Int, rate: Int32 = 8000) -> [UInt8] {
    VoiceRequest.of(
      .audio(.init(bytes: [UInt8](repeating: 0xFF, count: count), encoding: .mulaw, sampleRate: rate)))
  }

  @Test("format and pace are each RPC's own")
  func own() throws {
    let (_, conversation, lines) = try lines()
    let first: Interaction = try #require(conversation.interactions[lines[0].id])
    let second: Interaction = try #require(conversation.interactions[lines[1].id])
    lines[0].say(frame(8000))
    #expect(first.carriesAudio && !second.carriesAudio)
    lines[1].say(frame(320, rate: 16_000))
    #expect(first.audio.sampleRate == 8000 && second.audio.sampleRate == 16_000)
    #expect(first.pace.leadMilliseconds == 1000 && second.pace.leadMilliseconds == 20)
    #expect(first.id == lines[0].id && second.id == lines[1].id)
  }

  @Test("completed in silence it is over, and the bound on changes of format is the call's, not the RPC's")
  func over() throws {
    let (test, conversation, lines) = try lines()
    let first: Interaction = try #require(conversation.interactions[lines[0].id])
    for rate: Int32 in [8000, 16_000, 8000, 16_000, 8000] { lines[0].say(frame(320, rate: rate)) }
    lines[0].halfClose()
    #expect(first.isOver && lines[0].status == .ok && conversation.interactions[lines[0].id] == nil)
    let next = MemoryLine(conversation, id: 3, .conversation, test.loops)
    #expect(conversation.interactions[next.id]?.audio.counts.formatChanges == 4)
    for rate: Int32 in [8000, 16_000, 8000, 16_000, 8000] { next.say(frame(320, rate: rate)) }
    #expect(next.status == nil)
    next.say(frame(320, rate: 16_000))
    #expect(next.status?.code == .invalidArgument && lines[1].status == nil)
  }
}
