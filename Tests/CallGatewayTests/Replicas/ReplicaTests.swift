import GRPCTransport
import Locking
import Logging
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("Conversations of several replicas")
struct ReplicaTests {
  private let store = SaidStore()
  private let time = Locked(Duration.seconds(100))
  private let owner = OwnershipRecord(owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3)
  private let gone = RPCStatus(.unavailable, "connection refused")

  private func gateway(
    _ bot: PuppetBot = PuppetBot()
  ) throws -> (test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper) {
    try TestGateway.inCluster(store, time, bot: bot)
  }

  @Test("a conversation that nobody has begins here, and is given back when it is over")
  func own() throws {
    let (test, network, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    test.answer("hello")
    #expect(try call.told.first == "hello")
    #expect(keeper.count == 1 && network.links.isEmpty)
    let second = try test.call()
    second.send(message: VoiceRequest.hangup)
    #expect(store.claims.withLock { $0.count } == 1, "what is here is asked of nobody")
    #expect(keeper.count == 0 && store.released.withLock { $0 } == ["\(TestGateway.organization)/c-1"])
  }

  @Test("an RPC of another's conversation is handed on byte for byte, both ways")
  func relayed() throws {
    let (test, network, _) = try gateway()
    store.answers.withLock { $0 = [.success(.other(owner))] }
    let call = try test.call(headers: [("trackingid", "t-1")])
    call.timeRemaining = .seconds(9)
    call.send(message: VoiceRequest.silence)
    let link = try #require(network.links.first)
    #expect(link.address == "10.0.0.2:50052" && link.deadline == .seconds(9))
    #expect(link.headers.values(for: "trackingid") == ["t-1"])
    #expect(link.headers.values(for: "x-patchbay-epoch") == ["3"])
    #expect(link.headers.values(for: "x-patchbay-org") == [TestGateway.organization])
    #expect(!call.isReading, "nothing more is read until the owner accepts")
    link.accept()
    test.advance(by: .zero)
    #expect(call.isReading && call.sent.isEmpty)
    call.send(message: VoiceRequest.silence)
    call.halfClose()
    #expect(link.sent == [VoiceRequest.silence, VoiceRequest.silence] && link.notes == ["half-closed"])
    link.answer([1, 2, 3])
    link.answer([4])
    link.end(RPCStatus(.resourceExhausted, "too many calls of one conversation"), "end")
    #expect(call.sent == [[1, 2, 3], [4]])
    #expect(call.status == RPCStatus(.resourceExhausted, "too many calls of one conversation"))
    #expect(test.bot.call == nil, "no bot is asked here")
    let next = try test.call()
    next.send(message: VoiceRequest.silence)
    #expect(network.links.count == 2 && store.claims.withLock { $0.count } == 1, "the owner is remembered")
  }

  @Test("who does not read holds up the owner, and an owner who does not read the caller")
  func backpressure() throws {
    let (test, network, _) = try gateway()
    store.answers.withLock { $0 = [.success(.other(owner))] }
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    let link = try #require(network.links.first)
    link.accept()
    call.queuedBytes = 200_000
    link.answer([1])
    #expect(link.notes == ["paused"])
    call.queuedBytes = 0
    call.drained()
    #expect(link.notes == ["paused", "reading"])
    test.advance(by: .zero)
    link.queuedBytes = 200_000
    call.send(message: VoiceRequest.silence)
    #expect(!call.isReading)
    link.queuedBytes = 0
    link.drain()
    test.advance(by: .zero)
    #expect(call.isReading)
  }

  @Test("a caller who goes takes the RPC to the owner along")
  func cancelled() throws {
    let (test, network, _) = try gateway()
    store.answers.withLock { $0 = [.success(.other(owner))] }
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    network.links.first?.accept()
    call.end(.cancelled)
    #expect(network.links.first?.notes == ["cancelled"])
  }

  @Test("a conversation is adopted when its owner is silent and its lease is over, and the bot is told")
  func adopted() throws {
    let (test, network, keeper) = try gateway()
    store.answers.withLock { $0 = [.success(.other(owner))] }
    let call = try test.call()
    call.send(message: VoiceRequest.of(.event(VoiceRequest.Event(.noInput))))
    call.halfClose()
    test.advance(by: .seconds(1))
    #expect(network.links.first?.notes.contains("cancelled") == true)
    test.advance(by: .milliseconds(500))
    #expect(test.bot.call == nil, "its lease is running")
    store.isLeaseRunning.withLock { $0 = false }
    test.advance(by: .milliseconds(200))
    #expect(store.claims.withLock { $0.last?.adopting } == 3)
    #expect(test.bot.call?.info.isResumed == true && test.bot.call?.info.epoch == 4)
    #expect(keeper.epoch(of: "\(TestGateway.organization)/c-1") == 4)
    test.answer("where were we")
    #expect(try call.told.first == "where were we")
  }

  @Test("an owner that is lost later costs the RPC, and a late word of it nothing")
  func lost() throws {
    let (test, network, _) = try gateway()
    store.answers.withLock { $0 = [.success(.other(owner))] }
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    network.links.first?.accept()
    network.links.first?.end(gone, nil)
    #expect(call.status?.code == .unavailable)
    #expect(test.bot.call == nil)
  }

  @Test("a replica that sleeps says nothing until it knows that the call is its own, and then all of it")
  func paused() async throws {
    let (test, _, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    time.withLock { $0 += .seconds(20) }
    test.answer("hello")
    #expect(call.sent.isEmpty, "the bot was heard after the pause")
    keeper.tick()
    await keeper.tend()
    test.loops.settle()
    #expect(try call.told.first == "hello")
  }

  @Test("what the caller says after such a sleep reaches the bot once that is known, all of it and in order")
  func heldInput() async throws {
    let bot = PuppetBot(hears: .everything)
    let (test, _, keeper) = try gateway(bot)
    let start = try test.call()
    start.send(message: VoiceRequest.start)
    test.answer("hello")
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    test.loops.settle()
    #expect(bot.samplesHeard == 160)
    time.withLock { $0 += .seconds(20) }
    for _ in 0..<3 { call.send(message: VoiceRequest.silence) }
    call.halfClose()
    test.loops.settle()
    #expect(bot.samplesHeard == 160, "it may be another's call")
    keeper.tick()
    await keeper.tend()
    test.loops.settle()
    #expect(bot.samplesHeard == 4 * 160)
    #expect(call.status?.code == .ok)
  }

  @Test("one whose call was adopted meanwhile tells the bot nothing of what came")
  func heldInputOfAnother() async throws {
    let bot = PuppetBot(hears: .everything)
    let (test, _, keeper) = try gateway(bot)
    let start = try test.call()
    start.send(message: VoiceRequest.start)
    test.answer("hello")
    let call = try test.call()
    time.withLock { $0 += .seconds(20) }
    call.send(message: VoiceRequest.silence)
    store.renewed.withLock { $0 = [owner] }
    keeper.tick()
    await keeper.tend()
    test.loops.settle()
    #expect(bot.samplesHeard == 0 && call.status?.code == .aborted)
  }

  @Test("one whose call was adopted meanwhile says nothing at all")
  func fenced() async throws {
    let (test, _, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    time.withLock { $0 += .seconds(20) }
    test.answer("hello")
    store.renewed.withLock { $0 = [owner] }
    keeper.tick()
    await keeper.tend()
    test.loops.settle()
    #expect(call.sent.isEmpty && call.status?.code == .aborted)
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("without a word of the store a call begins all the same")
  func noStore() throws {
    let (test, _, keeper) = try gateway()
    store.answers.withLock { $0 = [.failure(OwnershipStoreError("Redis does not answer in time"))] }
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    test.answer("hello")
    #expect(try call.told.first == "hello")
    #expect(keeper.epoch(of: "\(TestGateway.organization)/c-1") == 0)
    #expect(test.gateway.ownershipTrouble == "Redis does not answer in time")
  }
}
