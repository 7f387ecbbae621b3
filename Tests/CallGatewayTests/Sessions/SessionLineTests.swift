import AudioCodecs
import BotEngine
import GRPCTransport
import Logging
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A session is the same on lines of any kind: relayed as raw bytes, or in memory")
struct SessionLineTests {
  private let second = [UInt8](repeating: 0x55, count: 8000)
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("a conversation whose RPCs are relayed is greeted, answered and ended", arguments: [0, 1])
  func relayedConversation(queue: Int) throws {
    let test = try TestGateway(queues: 3)
    let first = try test.relayed(.conversation, to: 0)
    first.send(message: VoiceRequest.start)
    test.answer("hello")
    first.halfClose()
    #expect(try first.told == ["hello"] && first.status == .ok)
    first.end(.completed)
    let second = try test.relayed(.conversation, to: queue)
    second.send(message: VoiceRequest.of(.dtmf([.one])))
    second.halfClose()
    test.answer("one")
    #expect(try second.told == ["one"] && second.status == .ok)
    second.end(.completed)
    let broken = try test.relayed(.conversation, to: queue)
    broken.send(message: VoiceRequest.silence)
    broken.send(message: [0xFF])
    #expect(broken.status?.code == .invalidArgument && test.gateway.liveConversations == 1)
    let last = try test.relayed(.conversation, to: queue)
    last.send(message: VoiceRequest.hangup)
    #expect(test.gateway.liveConversations == 0 && test.bot.callCount == 1)
  }

  @Test("a fork whose RPCs are relayed brings both its legs", arguments: [0, 1])
  func relayedFork(queue: Int) throws {
    let test = try TestGateway(queues: 3)
    let caller = try test.relayed(.fork, to: 0)
    caller.send(message: MediaMessage.fork(audio: second))
    let agent = try test.relayed(.fork, to: queue)
    agent.send(message: MediaMessage.fork(audio: second, role: 2))
    test.advance(by: .seconds(1))
    #expect(Set(test.receiver.audio.map(\.source)) == ["caller", "agent"])
    for rpc in [caller, agent] {
      rpc.halfClose()
      #expect(rpc.sent == [ForkResponse.success.encoded()] && rpc.status == .ok)
    }
    test.advance(by: .seconds(2))
    #expect(test.media.liveSessions == 0)
  }

  @Test("a conversation in memory is greeted, answered and ended; a message of another ends its line alone")
  func conversationInMemory() throws {
    let test = try TestGateway()
    let conversation = try test.session(of: test.gateway.registry, "c-1") { status in
      Conversation(
        agent: test.gateway.agents.agents(for: TestGateway.organization)[0],
        info: CallInfo(organization: status.organization, conversation: "c-1", agent: "agent"), status: status,
        loop: test.loops.loops[0], worker: VoiceWorker(), metrics: test.gateway.metrics, recorder: nil, log: log
      ) { test.gateway.registry.remove($0.status) }
    }
    let first = MemoryLine(conversation, id: 1, .conversation, test.loops)
    first.say(VoiceRequest.start)
    test.answer("hello")
    #expect(try first.told == ["hello"])
    first.halfClose()
    #expect(first.status == .ok)
    first.end(isDelivered: true)
    let foreign = MemoryLine(conversation, id: 2, .conversation, test.loops)
    foreign.say(VoiceRequest.of(.none, conversation: "c-2"))
    #expect(foreign.status?.code == .invalidArgument && test.gateway.liveConversations == 1)
    let last = MemoryLine(conversation, id: 3, .conversation, test.loops)
    last.say(VoiceRequest.hangup)
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("a fork in memory brings its audio, and is over when its line has left in order")
  func forkInMemory() throws {
    let test = try TestGateway()
    let fork = try test.session(of: test.media.forks, "f-1") { status in
      ForkSession(
        info: MediaSessionInfo(
          kind: .fork, organization: status.organization, conversation: "f-1", trackingID: nil, parameters: [:],
          sampleRate: 8000),
        status: status, receivers: test.media.settings.receivers.entries, media: test.media,
        loop: test.loops.loops[0], worker: MediaWorker(takesVideo: false))
    }
    let line = MemoryLine(fork, id: 1, .fork, test.loops)
    line.say(MediaMessage.fork(audio: second))
    test.advance(by: .seconds(1))
    #expect(Set(test.receiver.audio.map(\.source)) == ["caller"])
    line.halfClose()
    #expect(line.sent == [ForkResponse.success.encoded()] && line.status == .ok)
    test.advance(by: .seconds(2))
    #expect(test.media.liveSessions == 0)
  }

  @Test("an RPC that asks for the agents is watched, and its tracking id echoed, like any other")
  func agentList() throws {
    let test = try TestGateway()
    let rpc = try test.list(headers: [("trackingid", "t-1")])
    #expect(rpc.initialMetadata.entries.map(\.text) == ["t-1"])
    test.advance(by: .seconds(10))
    #expect(rpc.status?.code == .deadlineExceeded)
    let empty = try test.list()
    empty.halfClose()
    #expect(empty.status?.code == .invalidArgument)
  }
}
