import GRPCTransport
import Locking
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("Conversations of several replicas, while the store is slow")
struct SlowStoreTests {
  private let store = SaidStore()
  private let owner = OwnershipRecord(owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3)
  private let key = "\(TestGateway.organization)/c-1"
  private let has = RPCStatus.ok
  private let hasNot = RPCStatus(.aborted, "not-owner")

  private func gateway() throws -> (test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper) {
    store.isSilent.withLock { $0 = true }
    let third = Replica(address: "10.0.0.3:50052", incarnation: "c")
    return try TestGateway.inCluster(store, Locked(.seconds(100)), others: [owner.owner, third])
  }

  /// An RPC of a call that is under way, which the store and the others have let wait for as long as it may.
  private func unowned(_ message: [UInt8] = VoiceRequest.silence) throws -> (
    test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper, call: FakeRPC
  ) {
    let (test, network, keeper) = try gateway()
    let call = try test.call()
    call.send(message: message)
    test.advance(by: .milliseconds(50))
    #expect(test.gateway.liveConversations == 1 && keeper.epoch(of: key) == 0)
    return (test, network, keeper, call)
  }

  @Test("a later RPC is brought to the replica that says it has the conversation")
  func asked() throws {
    let (test, network, _) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    test.advance(by: .milliseconds(20))
    #expect(network.links.map(\.address) == ["10.0.0.2:50052", "10.0.0.3:50052"])
    let question = try #require(network.links.first)
    #expect(question.path == "/patchbay.cluster.v1.Relay/FindConversation")
    #expect(question.headers.values(for: "x-patchbay-owner") == ["b"])
    #expect(question.headers.bytes(for: "x-patchbay-conversation-bin") == [Array("c-1".utf8)])
    question.end(has, "end", epoch: 3)
    #expect(network.links[1].notes.contains("cancelled"), "the others are not waited for")
    let relay = try #require(network.links.last)
    #expect(relay.path == "/patchbay.cluster.v1.Relay/ProcessCallerInput" && relay.sent == [VoiceRequest.silence])
    relay.accept()
    test.advance(by: .seconds(1))
    store.answer(.success(.own(OwnershipRecord(owner: Replica(address: "10.0.0.1:50052", incarnation: "a"), epoch: 1))))
    test.loops.settle()
    #expect(test.gateway.liveConversations == 0 && call.status == nil)
    #expect(store.released.withLock { $0 } == [key], "a store that is empty must not take this replica for the owner")
  }

  @Test("of one that has it by the store's word and one that has begun it without, the first counts")
  func contested() throws {
    let (test, network, _) = try gateway()
    try test.call().send(message: VoiceRequest.silence)
    test.advance(by: .milliseconds(20))
    network.links[1].end(has, "end", epoch: 0)
    #expect(network.links.count == 2)
    network.links[0].end(has, "end", epoch: 3)
    #expect(network.links.last?.address == "10.0.0.2:50052" && network.links.count == 3)
  }

  @Test("a SESSION_START asks nobody, and waits for 50 ms")
  func start() throws {
    let (test, network, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    test.advance(by: .milliseconds(49))
    #expect(test.gateway.liveConversations == 0)
    test.advance(by: .milliseconds(1))
    test.answer("hello")
    #expect(try call.told.first == "hello")
    #expect(network.links.isEmpty && keeper.trouble != nil)
    store.answer(.success(.own(OwnershipRecord(owner: keeper.own, epoch: 1))))
    test.loops.settle()
    #expect(keeper.epoch(of: key) == 1 && keeper.trouble == nil)
  }

  @Test("what was begun without the store's word goes to the owner with all that came, when the store names it")
  func handedOver() throws {
    let (test, network, keeper, call) = try unowned()
    call.send(message: VoiceRequest.silence)
    store.answer(.success(.other(owner)))
    test.loops.settle()
    try #require(network.links.last).end(has, "end", epoch: 3)
    let relay = try #require(network.links.last)
    #expect(relay.sent == [VoiceRequest.silence, VoiceRequest.silence])
    #expect(test.gateway.liveConversations == 0 && call.status == nil, "the caller hears nothing of it")
    relay.accept()
    test.advance(by: .zero)
    call.send(message: VoiceRequest.silence)
    call.halfClose()
    #expect(relay.sent.count == 3 && relay.notes == ["half-closed"])
    relay.answer([1])
    relay.end(.ok, "end")
    #expect(call.sent == [[1]] && call.status == .ok)
    #expect(store.released.withLock { $0.isEmpty } && keeper.remembered(key) == owner)
  }

  @Test("an RPC on which the caller was told something ends, and the next goes to the owner")
  func answered() throws {
    let (test, network, _, call) = try unowned(VoiceRequest.of(.event(VoiceRequest.Event(.noInput))))
    test.answer("where were we")
    #expect(try call.told.first == "where were we")
    try #require(network.links.first).end(has, "end", epoch: 3)
    #expect(test.gateway.liveConversations == 0 && network.links.count == 2)
    let next = try test.call()
    next.send(message: VoiceRequest.silence)
    #expect(network.links.count == 3 && network.links.last?.address == "10.0.0.2:50052")
  }

  @Test("a conversation whose owner has it no more stays, with the next epoch")
  func disowned() throws {
    let (test, network, keeper, call) = try unowned()
    store.answer(.success(.other(owner)))
    test.loops.settle()
    try #require(network.links.last).end(hasNot, "not-owner")
    store.answer(.success(.own(OwnershipRecord(owner: keeper.own, epoch: 4))))
    test.loops.settle()
    #expect(store.claims.withLock { $0.last?.adopting } == 3 && keeper.epoch(of: key) == 4)
    #expect(test.gateway.liveConversations == 1 && call.status == nil)
  }

  @Test("a call that was over before its owner was found is over for the owner, too")
  func overMeanwhile() throws {
    let (test, network, _, _) = try unowned()
    try test.call().send(message: VoiceRequest.hangup)
    #expect(test.gateway.liveConversations == 0)
    try #require(network.links.first).end(has, "end", epoch: 3)
    let relay = try #require(network.links.last)
    #expect(relay.sent.count == 1 && relay.sent[0].starts(with: VoiceRequest.hangup.prefix(5)))
    #expect(relay.notes == ["half-closed"])
  }

  @Test("a hang-up that was answered reaches the owner all the same")
  func hangUp() throws {
    let (test, network, _) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.hangup)
    call.halfClose()
    test.advance(by: .milliseconds(50))
    #expect(call.status == .ok && call.sent.count == 1)
    network.links[0].end(has, "end", epoch: 3)
    let relay = try #require(network.links.last)
    #expect(relay.sent == [VoiceRequest.hangup] && relay.notes == ["half-closed"])
  }

  @Test("an RPC that the store knows nothing of goes to the replica that has its call, and the store is not blamed")
  func forgotten() throws {
    let (test, network, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    #expect(store.claims.withLock { $0.map(\.mayBegin) } == [false])
    store.answer(.success(.unknown))
    test.loops.settle()
    #expect(network.links.count == 2 && test.gateway.liveConversations == 0)
    network.links[0].end(hasNot, "not-owner")
    network.links[1].end(has, "end", epoch: 2)
    let relay = try #require(network.links.last)
    #expect(relay.address == "10.0.0.3:50052" && relay.sent == [VoiceRequest.silence])
    #expect(keeper.trouble == nil)
  }

  @Test("where none of them has it, it begins; where they are slow, after 50 ms")
  func forgottenByAll() throws {
    let (test, network, keeper) = try gateway()
    try test.call().send(message: VoiceRequest.silence)
    store.answer(.success(.unknown))
    test.loops.settle()
    for link in network.links { link.end(hasNot, "not-owner") }
    #expect(store.claims.withLock { $0.map(\.mayBegin) } == [false, true])
    store.answer(.success(.own(OwnershipRecord(owner: keeper.own, epoch: 1))))
    test.loops.settle()
    #expect(test.gateway.liveConversations == 1 && keeper.epoch(of: key) == 1)
  }

  @Test("where the others are slow, it begins after 50 ms, and goes to its owner when that one answers")
  func forgottenAndSlow() throws {
    let (test, network, keeper) = try gateway()
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    test.advance(by: .milliseconds(10))
    store.answer(.success(.unknown))
    test.loops.settle()
    test.advance(by: .milliseconds(39))
    #expect(test.gateway.liveConversations == 0)
    test.advance(by: .milliseconds(1))
    #expect(test.gateway.liveConversations == 1 && keeper.epoch(of: key) == 0 && keeper.trouble == nil)
    network.links[0].end(has, "end", epoch: 3)
    #expect(test.gateway.liveConversations == 0 && call.status == nil)
    #expect(network.links.last?.sent == [VoiceRequest.silence])
  }

  @Test("a call whose caller has hung up at another replica does not begin")
  func over() throws {
    store.answers.withLock { $0 = [.success(.over(OwnershipRecord(owner: owner.owner, epoch: 1)))] }
    let (test, _, keeper) = try TestGateway.inCluster(store, Locked(.seconds(100)))
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    #expect(try call.told == ["sessionEnd"] && call.status == .ok)
    #expect(keeper.count == 0 && store.released.withLock { $0 } == [key])
  }
}
