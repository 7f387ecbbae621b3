import Testing

@testable import Ownership

@Suite("An RPC of a conversation that is not here")
struct ArrivalStateMachineTests {
  private let own = Replica(address: "10.0.0.1:50052", incarnation: "a")
  private let other = OwnershipRecord(
    owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3, agent: "front-desk", turns: 4)
  private let trouble = OwnershipStoreError("Redis does not answer in time")

  private func machine(onlyFinds: Bool = false) -> ArrivalStateMachine {
    ArrivalStateMachine(own: own, onlyFinds: onlyFinds, lease: .seconds(3), now: .zero)
  }

  private func mine(_ epoch: UInt64) -> Result<ClaimAnswer, OwnershipStoreError> {
    .success(.own(OwnershipRecord(owner: own, epoch: epoch, turns: 4)))
  }

  @Test("begins here where nobody has it")
  func new() {
    var machine = machine()
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: false))
    #expect(machine.claimed(mine(1), now: .zero) == .serve(epoch: 1, turns: 4, isAdopted: false))
  }

  @Test("goes to its owner, without a question where that is remembered")
  func owned() {
    var machine = machine()
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.success(.other(other)), now: .zero) == .relay(other))
    var second = self.machine()
    #expect(second.begin(remembered: other) == .relay(other))
  }

  @Test("is adopted only when the owner does not answer and its lease is over")
  func adoption() {
    var machine = machine()
    #expect(machine.begin(remembered: other) == .relay(other))
    #expect(machine.relayFailed(.unreachable, now: .seconds(1)) == .askLease(other.owner))
    #expect(machine.leaseAnswered(.success(true), now: .seconds(1)) == .wait(ArrivalStateMachine.leaseInterval))
    #expect(machine.waited(now: .seconds(2)) == .askLease(other.owner))
    #expect(machine.leaseAnswered(.success(false), now: .seconds(2)) == .claim(adopting: 3, onlyFinds: false))
    #expect(machine.claimed(mine(4), now: .seconds(2)) == .serve(epoch: 4, turns: 4, isAdopted: true))
  }

  @Test("goes to another adopter who was first")
  func raced() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable, now: .zero)
    _ = machine.leaseAnswered(.success(false), now: .zero)
    let adopter = OwnershipRecord(owner: Replica(address: "10.0.0.3:50052", incarnation: "c"), epoch: 4)
    #expect(machine.claimed(.success(.other(adopter)), now: .zero) == .relay(adopter))
  }

  @Test("is not adopted while the owner's lease cannot be looked up, and fails in the end")
  func unknownLease() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable, now: .zero)
    #expect(machine.leaseAnswered(.failure(trouble), now: .zero) == .wait(ArrivalStateMachine.leaseInterval))
    guard case .fail = machine.leaseAnswered(.failure(trouble), now: .seconds(5)) else {
      Issue.record("it waits for ever")
      return
    }
  }

  @Test("asks an owner again that lives and did not answer")
  func comesBack() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable, now: .zero)
    var actions: [ArrivalStateMachine.Action] = []
    for tenth in 1...12 {
      _ = machine.leaseAnswered(.success(true), now: .milliseconds(tenth * 100))
      actions.append(machine.waited(now: .milliseconds(tenth * 100)))
    }
    #expect(actions.filter { $0 == .relay(other) }.count == 1)
  }

  @Test("begins unowned where the store does not answer")
  func noStore() {
    var machine = machine()
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.failure(trouble), now: .zero) == .serve(epoch: 0, turns: 0, isAdopted: false))
  }

  @Test("asks the store again where the remembered owner has it no more, and adopts what an owner disowns")
  func notOwner() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    #expect(machine.relayFailed(.notOwner, now: .zero) == .claim(adopting: nil, onlyFinds: false))
    #expect(machine.claimed(.success(.other(other)), now: .zero) == .relay(other))
    #expect(machine.relayFailed(.notOwner, now: .zero) == .claim(adopting: 3, onlyFinds: false))
  }

  @Test("is taken over from an earlier run at the owner's address, and at the own one")
  func restarted() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    #expect(machine.relayFailed(.otherIncarnation, now: .zero) == .claim(adopting: 3, onlyFinds: false))
    var second = self.machine()
    _ = second.begin(remembered: nil)
    let former = OwnershipRecord(owner: Replica(address: own.address, incarnation: "z"), epoch: 7)
    #expect(second.claimed(.success(.other(former)), now: .zero) == .claim(adopting: 7, onlyFinds: false))
  }

  @Test("a hang-up begins and adopts nothing")
  func hangUp() {
    var machine = machine(onlyFinds: true)
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: true))
    #expect(machine.claimed(.success(.nobody), now: .zero) == .nobody)
    var second = self.machine(onlyFinds: true)
    _ = second.begin(remembered: other)
    #expect(second.relayFailed(.unreachable, now: .zero) == .nobody)
    var third = self.machine(onlyFinds: true)
    _ = third.begin(remembered: nil)
    #expect(third.claimed(.failure(trouble), now: .zero) == .nobody)
  }

  @Test("is not handed from one replica to the next for ever")
  func bounded() {
    var machine = machine()
    var action = machine.begin(remembered: nil)
    for _ in 0..<20 {
      switch action {
      case .claim: action = machine.claimed(.success(.other(other)), now: .zero)
      case .relay: action = machine.relayFailed(.notOwner, now: .zero)
      case .fail: return
      default: Issue.record("\(action)")
      }
    }
    Issue.record("it goes on: \(action)")
  }
}
