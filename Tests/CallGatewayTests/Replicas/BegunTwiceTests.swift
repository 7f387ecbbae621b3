import GRPCTransport
import Locking
import Logging
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A conversation that two replicas have begun, while the store is slow")
struct BegunTwiceTests {
  private let store = SaidStore()
  private let other = Replica(address: "10.0.0.2:50052", incarnation: "b")
  private let key = "\(TestGateway.organization)/c-1"

  /// One of the two: an RPC has come, and both the store and the other have let it wait for as long as it may.
  private struct Side {
    var test: TestGateway
    var network: FakeNetwork
    var keeper: OwnershipKeeper
    var service: RelayService
    var call: FakeRPC

    /// The other asks whether the conversation is here: what it is told, or nothing yet.
    func asked() -> FakeRPC {
      let rpc = FakeRPC(
        test.loops,
        headers: [
          (RelayHeaders.relay, RelayHeaders.version), (RelayHeaders.secret, "0123456789abcdef"),
          (RelayHeaders.owner, "a"), (RelayHeaders.from, "10.0.0.2:50052"),
          (RelayHeaders.organization, TestGateway.organization), (RelayHeaders.conversation, "c-1"),
        ])
      rpc.begin { service.find($0) }
      return rpc
    }

    /// The other says that it has it.
    func told(epoch: Int) throws { try #require(network.links.first).end(.ok, "end", epoch: epoch) }

    var isHere: Bool { test.gateway.liveConversations == 1 }
  }

  private func side(
    at address: String, after time: Duration = .milliseconds(50), beside others: [Replica] = []
  ) throws -> Side {
    store.isSilent.withLock { $0 = true }
    let (test, network, keeper) = try TestGateway.inCluster(
      store, Locked(.seconds(100)), at: address, others: others + [other])
    let service = RelayService(
      gateway: test.gateway, link: ReplicaLink(keeper: keeper, network: network, secret: "0123456789abcdef"),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    test.advance(by: time)
    return Side(test: test, network: network, keeper: keeper, service: service, call: call)
  }

  private func word(_ rpc: FakeRPC) -> String? { rpc.trailers.values(for: RelayHeaders.relay).first }

  @Test("each has told the other that it has it: the one with the lower address keeps it, the other hands it over")
  func bothTold() throws {
    for (address, keeps) in [("10.0.0.1:50052", true), ("10.0.0.3:50052", false)] {
      let side = try side(at: address)
      #expect(word(side.asked()) == "end")
      try side.told(epoch: 0)
      #expect(side.isHere == keeps && side.network.links.count == (keeps ? 1 : 2))
      #expect(side.call.status == nil)
      #expect(word(side.asked()) == (keeps ? "end" : "not-owner"))
    }
  }

  @Test("of three, two give way to the one with the lowest address, in whatever order they hear of the others")
  func three() throws {
    let first = Replica(address: "10.0.0.1:50052", incarnation: "f")
    for places in [[0, 1], [1, 0]] {
      let side = try side(at: "10.0.0.3:50052", beside: [first])
      for place in places { side.network.links[place].end(.ok, "end", epoch: 0) }
      #expect(!side.isHere && side.network.links.last?.address == first.address)
    }
  }

  @Test("one that keeps it serves the RPC on, and has it by the store's word as soon as there is one")
  func kept() async throws {
    let side = try side(at: "10.0.0.1:50052")
    _ = side.asked()
    try side.told(epoch: 0)
    side.call.send(message: VoiceRequest.of(.dtmf([.one])))
    side.call.halfClose()
    side.test.answer("one")
    #expect(try side.call.told.contains("one") && side.call.status == .ok)
    await side.keeper.tend()
    #expect(side.isHere)
  }

  @Test("one that has not told the other hands it over, and then says that it has it not")
  func notTold() throws {
    let side = try side(at: "10.0.0.1:50052")
    try side.told(epoch: 0)
    #expect(!side.isHere && side.network.links.count == 2 && side.call.status == nil)
    #expect(word(side.asked()) == "not-owner")
  }

  @Test("one that has it by the store's word has it, whatever the addresses")
  func storesWord() throws {
    let side = try side(at: "10.0.0.1:50052")
    _ = side.asked()
    try side.told(epoch: 3)
    #expect(!side.isHere && side.network.links.count == 2)
  }

  @Test("what the store says later is looked into as ever: it names the other, which has begun it without its word")
  func storesWordLater() throws {
    let side = try side(at: "10.0.0.1:50052")
    _ = side.asked()
    store.answer(.success(.other(OwnershipRecord(owner: other, epoch: 3))))
    side.test.loops.settle()
    #expect(side.network.links.count == 2)
    side.network.links[1].end(.ok, "end", epoch: 0)
    #expect(!side.isHere && side.network.links.count == 3)
  }

  @Test("a RelayQuestion that comes while the store is asked here is answered with what becomes of that")
  func aboutToBegin() throws {
    let side = try side(at: "10.0.0.1:50052", after: .milliseconds(30))
    let question = side.asked()
    #expect(!side.isHere && question.status == nil)
    side.test.advance(by: .milliseconds(25))
    #expect(side.isHere && word(question) == "end" && question.status == .ok)
    let elsewhere = try self.side(at: "10.0.0.1:50052", after: .milliseconds(30))
    let second = elsewhere.asked()
    store.answer(.success(.unknown))
    store.answer(.success(.unknown))
    elsewhere.test.loops.settle()
    elsewhere.test.advance(by: .milliseconds(5))
    #expect(word(second) == "not-owner")
  }

  @Test("but not for longer than anybody waits for it, and nobody who has gone")
  func neverBegins() throws {
    let side = try side(at: "10.0.0.1:50052", after: .milliseconds(30))
    let (question, gone) = (side.asked(), side.asked())
    gone.end(.cancelled)
    side.call.end(.cancelled)
    side.test.advance(by: .milliseconds(900))
    #expect(word(question) == "not-owner" && gone.status == nil)
  }
}
