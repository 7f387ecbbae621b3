import GRPCTransport
import Locking
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A replica that ends, and its conversations")
struct HandOverTests {
  private let store = SaidStore()
  private let other = Replica(address: "10.0.0.2:50052", incarnation: "b")
  private let key = "\(TestGateway.organization)/c-1"

  private func gateway(resumes: Bool = true) throws -> (
    test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper
  ) {
    let (test, network, keeper) = try TestGateway.inCluster(store, Locked(.seconds(100)), others: [other])
    test.bot.canResume.withLock { $0 = resumes }
    return (test, network, keeper)
  }

  /// A caller who has heard the greeting.
  private func greeted(_ test: TestGateway) throws {
    let call = try test.call()
    call.send(message: VoiceRequest.start)
    call.halfClose()
    test.answer("hello")
    call.end(.completed)
    test.advance(by: .seconds(1))
    #expect(test.gateway.liveConversations == 1)
  }

  @Test("hands them over between two turns, and brings what still comes to one that takes calls")
  func between() throws {
    let (test, network, keeper) = try gateway()
    try greeted(test)
    test.gateway.registry.handOut()
    test.loops.settle()
    #expect(test.gateway.liveConversations == 0 && keeper.count == 0)
    #expect(store.handedOut.withLock { $0 } == [key] && store.released.withLock { $0.isEmpty })
    store.answers.withLock { $0 = [.success(.nobody)] }
    let next = try test.call()
    next.send(message: VoiceRequest.of(.dtmf([.one])))
    next.halfClose()
    #expect(store.claims.withLock { $0.last?.onlyFinds } == true)
    let relay = try #require(network.links.last)
    #expect(relay.address == other.address && relay.headers.values(for: "x-patchbay-begin") == ["1"])
    relay.accept()
    relay.answer([1])
    relay.end(.ok, "end")
    #expect(next.sent == [[1]] && next.status == .ok)
    #expect(keeper.remembered(key)?.owner == other)
  }

  @Test("lets a turn that is under way come to its end first")
  func underWay() throws {
    let (test, _, _) = try gateway()
    try greeted(test)
    let turn = try test.call()
    turn.send(message: VoiceRequest.of(.dtmf([.one])))
    turn.halfClose()
    test.gateway.registry.handOut()
    test.advance(by: .seconds(1))
    #expect(test.gateway.liveConversations == 1)
    test.answer("one")
    #expect(try turn.told == ["one"])
    turn.end(.completed)
    test.loops.settle()
    #expect(test.gateway.liveConversations == 0 && store.handedOut.withLock { $0 } == [key])
  }

  @Test("waits for the digits of a caller who keys")
  func keying() throws {
    let (test, _, _) = try gateway()
    try greeted(test)
    let begin = try test.call()
    begin.send(message: VoiceRequest.of(.event(VoiceRequest.Event(.startOfDTMF))))
    begin.halfClose()
    test.gateway.registry.handOut()
    begin.end(.completed)
    test.loops.settle()
    #expect(test.gateway.liveConversations == 1)
  }

  @Test("keeps a conversation whose bot cannot go on elsewhere, and all of them where nobody takes calls")
  func stays() throws {
    let (test, _, _) = try gateway(resumes: false)
    try greeted(test)
    test.gateway.registry.handOut()
    test.loops.settle()
    #expect(test.gateway.liveConversations == 1 && store.handedOut.withLock { $0.isEmpty })
  }
}
