import GRPCTransport
import Locking
import MetricsTestKit
import Ownership
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("An ArrivingConversation waits for the word of whose it is, within bounds")
struct ArrivingConversationTests {
  private let store = SaidStore()
  private let owner = OwnershipRecord(owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3)

  private func gateway(others: [Replica] = []) throws -> (
    test: TestGateway, network: FakeNetwork, keeper: OwnershipKeeper
  ) {
    try TestGateway.inCluster(store, Locked(.seconds(100)), others: others)
  }

  @Test("what a caller sends meanwhile is kept up to a bound, and then is too much")
  func bound() throws {
    let (test, _, _) = try gateway()
    store.isSilent.withLock { $0 = true }
    let call = try test.call()
    call.send(message: VoiceRequest.silence)
    #expect(!call.isReading)
    let large = VoiceRequest.of(
      .audio(.init(bytes: [UInt8](repeating: 0, count: 60_000), encoding: .mulaw, sampleRate: 8000)))
    for _ in 0..<4 { call.send(message: large) }
    #expect(call.status == nil && 4 * large.count < ArrivingConversation.maximumKept)
    call.send(message: large)
    #expect(call.status?.code == .resourceExhausted)
  }

  @Test("an owner that accepts nothing in time is given up, and what it says later is nobody's (RelayHandler)")
  func late() throws {
    try metered { metrics in
      let (test, network, _) = try gateway()
      store.answers.withLock { $0 = [.success(.other(owner))] }
      let call = try test.call()
      call.send(message: VoiceRequest.silence)
      let link = try #require(network.links.first)
      test.advance(by: ArrivingConversation.acceptanceTime - .milliseconds(1))
      #expect(link.notes.isEmpty)
      test.advance(by: .milliseconds(1))
      #expect(link.notes.contains("cancelled"))
      #expect(metrics.total("patchbay_relay_failures_total", [("reason", "unreachable")]) == 1, "RelayMetrics")
      let before = call.sent
      link.accept()
      link.answer([1])
      #expect(call.sent == before)
    }
  }

  @Test("a PeerQuestion asks all at once; who has it by the store's word is the answer, and the rest are asked no more")
  func question() throws {
    let (test, network, keeper) = try gateway()
    let link = ReplicaLink(keeper: keeper, network: network, secret: "0123456789abcdef")
    let others = ["b", "c", "d"].map { Replica(address: "10.0.0.\($0):1", incarnation: $0) }
    var answers: [ArrivalStateMachine.Found] = []
    func ask() {
      test.loops.run(on: test.loops.loops[0]) {
        PeerQuestion.ask(
          others, for: ConversationKey(organization: "o", conversation: "c"), by: link, on: test.loops.loops[0]
        ) { answers.append($0) }
      }
    }
    ask()
    #expect(
      network.links.map(\.address) == others.map(\.address) && network.links.allSatisfy { $0.notes == ["half-closed"] })
    #expect(network.links[0].path == RelayHeaders.findPath && network.links[0].deadline == PeerQuestion.limit)
    network.links[0].end(RPCStatus(.aborted), "not-owner")
    network.links[1].end(.ok, RelayHeaders.end, epoch: 5)
    #expect(answers.count == 1 && network.links[2].notes.last == "cancelled")
    if case .has(let record)? = answers.first {
      #expect(record == OwnershipRecord(owner: others[1], epoch: 5))
    } else {
      Issue.record("\(answers)")
    }
    network.links[2].end(.ok, RelayHeaders.end, epoch: 9)
    #expect(answers.count == 1, "it calls back once")
    ask()
    for link in network.links.suffix(3) { link.end(RPCStatus(.unavailable), nil) }
    if case .unreachable? = answers.last {} else { Issue.record("nobody has answered: \(answers)") }
  }

  @Test("TakenMessages are whole up to the bound, and nothing is kept beyond it")
  func taken() {
    let taken = TakenMessages([[1, 2]], isHalfClosed: false)
    [UInt8](repeating: 0, count: 3).withUnsafeBytes { taken.keep($0) }
    #expect(taken.isWhole && taken.messages == [[1, 2], [0, 0, 0]])
    [UInt8](repeating: 0, count: ArrivingConversation.maximumKept).withUnsafeBytes { taken.keep($0) }
    #expect(!taken.isWhole && taken.messages.isEmpty)
  }
}
