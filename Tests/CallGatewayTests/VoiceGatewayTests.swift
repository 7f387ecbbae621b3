import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("An RPC of the voice service is let in, watched and brought to its conversation")
struct VoiceGatewayTests {
  @Test("one without a first message is given up after ten seconds")
  func firstMessage() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    #expect(rpc.isReading)
    test.advance(by: .milliseconds(9999))
    #expect(rpc.status == nil)
    test.advance(by: .milliseconds(1))
    #expect(rpc.status?.code == .deadlineExceeded)
  }

  @Test("one that has gone quiet is given up after a minute since its last message")
  func quiet() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.silence)
    test.advance(by: .seconds(40))
    rpc.send(message: VoiceRequest.silence)
    test.advance(by: .milliseconds(59_999))
    #expect(rpc.status == nil)
    test.advance(by: .milliseconds(1))
    #expect(rpc.status?.code == .deadlineExceeded)
    #expect(test.gateway.liveConversations == 1)
  }

  @Test("one that is half-closed may wait for its answer for as long as that takes")
  func halfClosedIsNotWatched() throws {
    let test = try TestGateway(conversation: .init(answerTimeout: .seconds(200)))
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    rpc.halfClose()
    test.advance(by: .seconds(120))
    #expect(rpc.status == nil)
  }

  @Test("half-closed before its first message it is completed, and no conversation begins")
  func halfCloseBeforeAnything() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.halfClose()
    #expect(rpc.status == .ok && test.gateway.liveConversations == 0)
  }

  @Test("a caller who hangs up a conversation that is over hears that it is so")
  func lateHangup() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.hangup)
    #expect(rpc.status == .ok && rpc.sent.count == 1 && test.gateway.liveConversations == 0)
  }

  @Test("a hang-up that overtakes the start of its call ends it, once")
  func earlyHangup() throws {
    let test = try TestGateway()
    try test.call().send(message: VoiceRequest.hangup)
    let overtaken = try test.call()
    overtaken.send(message: VoiceRequest.start)
    #expect(try overtaken.told == ["sessionEnd"] && overtaken.status == .ok)
    #expect(test.gateway.liveConversations == 0 && test.bot.call == nil)
    try test.call().send(message: VoiceRequest.start)
    #expect(test.gateway.liveConversations == 1)
  }

  @Test("a call that was over before its caller hung up may begin again, and one that is resumed goes on")
  func againAfterHangup() throws {
    let test = try TestGateway()
    for _ in 0..<2 {
      try test.call().send(message: VoiceRequest.start)
      #expect(test.gateway.liveConversations == 1)
      for _ in 0..<2 { try test.call().send(message: VoiceRequest.hangup) }
      #expect(test.gateway.liveConversations == 0)
    }
    try test.call().send(message: VoiceRequest.of(.event(VoiceRequest.Event(.noInput))))
    #expect(test.gateway.liveConversations == 1 && test.bot.call?.info.isResumed == true)
  }

  @Test("a drain ends with the last conversation", .timeLimit(.minutes(1)))
  func drain() async throws {
    let test = try TestGateway()
    try test.call().send(message: VoiceRequest.start)
    let drain = Task { [gateway = test.gateway] in await gateway.drain(limit: .seconds(3600), grace: nil) }
    for _ in 0..<1_000 { await Task.yield() }
    #expect(test.gateway.liveConversations == 1)
    try test.call().send(message: VoiceRequest.hangup)
    #expect(test.gateway.liveConversations == 0)
    await drain.value
  }

  @Test("a conversation is reached from another queue, in order, and its answers come back to that")
  func twoQueues() throws {
    let test = try TestGateway(queues: 2)
    let first = try test.call(on: 0)
    first.send(message: VoiceRequest.start)
    test.answer("hello")
    first.end(.completed)
    let second = try test.call(on: 1)
    second.send(message: VoiceRequest.of(.dtmf([.one])))
    second.halfClose()
    #expect(test.bot.heard.last == "\(CallerEvent.digits("1"))")
    test.answer("one")
    #expect(try second.told == ["one"] && second.status == .ok)
    #expect(test.bot.callCount == 1)
  }

  @Test("an RPC on another queue that is lost, or ends what it is told of, leaves the conversation in order")
  func twoQueuesLost() throws {
    let test = try TestGateway(queues: 2)
    let first = try test.call(on: 0)
    first.send(message: VoiceRequest.start)
    let second = try test.call(on: 1)
    second.send(message: VoiceRequest.start)
    first.end(.cancelled)
    test.answer("hello")
    #expect(try second.told == ["hello"])
    second.end(.cancelled)
    test.advance(by: .seconds(601))
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("a message of another organization or conversation ends its RPC alone, on whatever queue", arguments: [0, 1])
  func foreignMessages(queue: Int) throws {
    let test = try TestGateway(queues: 2)
    let first = try test.call(on: 0)
    first.send(message: VoiceRequest.silence)
    let foreign = try test.call(on: queue)
    foreign.send(message: VoiceRequest.silence)
    foreign.send(message: VoiceRequest.of(.none, organization: "other"))
    #expect(foreign.status?.code == .permissionDenied)
    let strange = try test.call(on: queue)
    strange.send(message: VoiceRequest.silence)
    strange.send(message: VoiceRequest.of(.none, conversation: "c-2"))
    #expect(strange.status?.code == .invalidArgument)
    let broken = try test.call(on: queue)
    broken.send(message: VoiceRequest.silence)
    broken.send(message: [0xFF])
    #expect(broken.status?.code == .invalidArgument)
    #expect(first.status == nil && test.gateway.liveConversations == 1)
  }

  @Test("a tracking id of up to 256 bytes is echoed and given to the bot; a longer one is nobody's")
  func trackingID() throws {
    for (length, isKept) in [(256, true), (257, false)] {
      let test = try TestGateway()
      let id = String(repeating: "t", count: length)
      let rpc = try test.call(headers: [("trackingid", id)])
      rpc.send(message: VoiceRequest.start)
      #expect(rpc.initialMetadata.entries.map(\.text) == (isKept ? [id] : []))
      #expect(test.bot.call?.info.trackingID == (isKept ? id : nil))
    }
  }

  @Test("a retired tenant's conversations go on, and none begins, of voice or of media")
  func retiredTenant() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.retireTenant()
    let goesOn = try test.call()
    goesOn.send(message: VoiceRequest.of(.none))
    #expect(goesOn.status == nil)
    let new = try test.call()
    new.send(message: VoiceRequest.of(.none, conversation: "c-2"))
    #expect(new.status == TokenGate.unauthenticated)
    let fork = try test.stream(.fork)
    fork.send(message: MediaMessage.fork())
    #expect(fork.status == TokenGate.unauthenticated)
    #expect(try test.list().status == TokenGate.unauthenticated)
  }

  @Test("RPCs beyond the bound are refused before anything of them is read, until others end")
  func bound() throws {
    let test = try TestGateway(limits: GatewayLimits(conversations: 1))
    let rpcs = try (0..<66).map { _ in try test.call() }
    #expect(rpcs.allSatisfy { $0.status == nil })
    let last = try test.call()
    #expect(last.status?.code == .resourceExhausted && !last.isReading)
    last.end(.completed)
    rpcs[0].end(.cancelled)
    #expect(try test.call().status == nil)
  }

  @Test("the agents are listed; a message of another organization is refused")
  func list() throws {
    let test = try TestGateway()
    let rpc = try test.list()
    rpc.send(message: ListAgentsRequest(organizationID: TestGateway.organization).encoded())
    #expect(rpc.status == .ok)
    let agents = try rpc.sent[0].withUnsafeBytes { try ListAgentsResponse(decoding: $0) }.agents
    #expect(agents.map(\.id) == ["agent"])
    let foreign = try test.list()
    foreign.send(message: ListAgentsRequest(organizationID: "other").encoded())
    #expect(foreign.status?.code == .permissionDenied)
  }
}
