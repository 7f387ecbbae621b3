import Testing

@testable import Ownership

@Suite("An RPC of a conversation that is not here")
struct ArrivalStateMachineTests {
  private let own = Replica(address: "10.0.0.1:50052", incarnation: "a")
  private let other = OwnershipRecord(
    owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3, agent: "front-desk", turns: 4)
  private let trouble = OwnershipStoreError("Redis does not answer in time")

  private func machine(_ kind: ArrivalStateMachine.Kind = .start) -> ArrivalStateMachine {
    ArrivalStateMachine(own: own, kind: kind, lease: .seconds(3), now: .zero)
  }

  private func mine(_ epoch: UInt64) -> Result<ClaimAnswer, OwnershipStoreError> {
    .success(.own(OwnershipRecord(owner: own, epoch: epoch, turns: 4)))
  }

  @Test("begins here where nobody has it")
  func new() {
    var machine = machine()
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: false))
    #expect(machine.claimed(mine(1)) == .serve(epoch: 1, turns: 4, isAdopted: false))
  }

  @Test("goes to its owner, without a question where that is remembered")
  func owned() {
    var machine = machine()
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.success(.other(other))) == .relay(other))
    var second = self.machine()
    #expect(second.begin(remembered: other) == .relay(other))
  }

  @Test("is adopted only when the owner does not answer and its lease is over")
  func adoption() {
    var machine = machine()
    #expect(machine.begin(remembered: other) == .relay(other))
    #expect(machine.relayFailed(.unreachable) == .askLease(other.owner))
    #expect(machine.leaseAnswered(.success(true), now: .seconds(1)) == .wait(ArrivalStateMachine.leaseInterval))
    #expect(machine.waited() == .askLease(other.owner))
    #expect(machine.leaseAnswered(.success(false), now: .seconds(2)) == .claim(adopting: 3, onlyFinds: false))
    #expect(machine.claimed(mine(4)) == .serve(epoch: 4, turns: 4, isAdopted: true))
  }

  @Test("goes to another adopter who was first")
  func raced() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable)
    _ = machine.leaseAnswered(.success(false), now: .zero)
    let adopter = OwnershipRecord(owner: Replica(address: "10.0.0.3:50052", incarnation: "c"), epoch: 4)
    #expect(machine.claimed(.success(.other(adopter))) == .relay(adopter))
  }

  @Test("is not adopted while the owner's lease cannot be looked up, and fails in the end")
  func unknownLease() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable)
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
    _ = machine.relayFailed(.unreachable)
    var actions: [ArrivalStateMachine.Action] = []
    for tenth in 1...12 {
      _ = machine.leaseAnswered(.success(true), now: .milliseconds(tenth * 100))
      actions.append(machine.waited())
    }
    #expect(actions.filter { $0 == .relay(other) }.count == 1)
  }

  @Test("begins unowned where the store does not answer")
  func noStore() {
    var machine = machine()
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.failure(trouble)) == .serve(epoch: 0, turns: 0, isAdopted: false))
  }

  @Test("asks the store again where the remembered owner has it no more, and adopts what an owner disowns")
  func notOwner() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    #expect(machine.relayFailed(.notOwner) == .claim(adopting: nil, onlyFinds: false))
    #expect(machine.claimed(.success(.other(other))) == .relay(other))
    #expect(machine.relayFailed(.notOwner) == .claim(adopting: 3, onlyFinds: false))
  }

  @Test("is taken over from an earlier run at the owner's address, and at the own one")
  func restarted() {
    var machine = machine()
    _ = machine.begin(remembered: other)
    #expect(machine.relayFailed(.otherIncarnation) == .claim(adopting: 3, onlyFinds: false))
    var second = self.machine()
    _ = second.begin(remembered: nil)
    let former = OwnershipRecord(owner: Replica(address: own.address, incarnation: "z"), epoch: 7)
    #expect(second.claimed(.success(.other(former))) == .claim(adopting: 7, onlyFinds: false))
  }

  @Test("a hang-up begins and adopts nothing")
  func hangUp() {
    var machine = machine(.end)
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: true))
    #expect(machine.claimed(.success(.nobody)) == .nobody)
    var second = self.machine(.end)
    _ = second.begin(remembered: other)
    #expect(second.relayFailed(.unreachable) == .nobody)
    var third = self.machine(.end)
    _ = third.begin(remembered: nil)
    #expect(third.claimed(.failure(trouble)) == .ask(nil))
    #expect(third.answered(.hasNot) == .nobody)
  }

  @Test("is not handed from one replica to the next for ever")
  func bounded() {
    var machine = machine()
    var action = machine.begin(remembered: nil)
    for _ in 0..<20 {
      switch action {
      case .claim: action = machine.claimed(.success(.other(other))) ?? .release
      case .relay: action = machine.relayFailed(.notOwner)
      case .fail: return
      default: Issue.record("\(action)")
      }
    }
    Issue.record("it goes on: \(action)")
  }

  @Test("of a replica that ends, what nobody has goes to one that takes calls, and to another where that is ending too")
  func leaving() {
    var machine = ArrivalStateMachine(own: own, kind: .later, isLeaving: true, lease: .seconds(3), now: .zero)
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: true))
    #expect(machine.claimed(.success(.nobody)) == .pass)
    let taker = OwnershipRecord(owner: other.owner, epoch: 0)
    #expect(machine.passed(to: taker) == .relay(taker))
    #expect(machine.relayFailed(.unreachable) == .pass)
    #expect(machine.passed(to: taker) == .relay(taker))
    #expect(machine.relayFailed(.notOwner) == .claim(adopting: nil, onlyFinds: true), "somebody else may have taken it")
    #expect(machine.claimed(.success(.other(other))) == .relay(other))
    var silent = ArrivalStateMachine(own: own, kind: .start, isLeaving: true, lease: .seconds(3), now: .zero)
    _ = silent.begin(remembered: nil)
    #expect(silent.claimIsLate() == .pass)
    guard case .fail = silent.nobodyTakes() else {
      Issue.record("it begins here")
      return
    }
    var end = ArrivalStateMachine(own: own, kind: .end, isLeaving: true, lease: .seconds(3), now: .zero)
    _ = end.begin(remembered: nil)
    #expect(end.claimed(.success(.nobody)) == .nobody)
  }

  // MARK: A store that is slow

  @Test("a later RPC asks the other replicas while the store is slow, and goes to the one that has the conversation")
  func slow() {
    var machine = machine(.later)
    _ = machine.begin(remembered: nil)
    #expect(machine.claimIsSlow() == .ask(nil))
    #expect(machine.answered(.has(other)) == .relay(other))
    #expect(machine.claimIsLate() == nil)
    #expect(machine.claimed(mine(1)) == .release, "the store took this replica for the owner")
    var first = self.machine(.start)
    _ = first.begin(remembered: nil)
    #expect(first.claimIsSlow() == nil, "nobody can have what has not begun")
    #expect(first.claimIsLate() == .serve(epoch: 0, turns: 0, isAdopted: false))
  }

  @Test("an RPC waits for the store no longer where nobody has the conversation, nor where nobody answers")
  func late() {
    var machine = machine(.later)
    _ = machine.begin(remembered: nil)
    _ = machine.claimIsSlow()
    #expect(machine.answered(.hasNot) == nil, "the store has some time yet")
    #expect(machine.claimIsLate() == .serve(epoch: 0, turns: 0, isAdopted: false))
    #expect(machine.claimed(mine(1)) == .confirm(epoch: 1))
    var second = self.machine(.later)
    _ = second.begin(remembered: nil)
    #expect(second.claimed(.failure(trouble)) == .ask(nil), "the store is gone")
    #expect(second.claimIsLate() == .serve(epoch: 0, turns: 0, isAdopted: false))
    #expect(second.answered(.has(other)) == .handOver(other), "its owner was slow, too")
  }

  @Test("what was begun without the store's word goes to its owner when the store names one who has it")
  func handedOver() {
    var machine = machine(.later)
    _ = machine.begin(remembered: nil)
    _ = machine.claimIsLate()
    #expect(machine.claimed(.success(.other(other))) == .ask(other.owner))
    #expect(machine.answered(.has(other)) == .handOver(other))
    #expect(machine.relayFailed(.unreachable) == .askLease(other.owner))
  }

  @Test("and is adopted where that one has it no more")
  func adoptedLate() {
    var machine = machine(.later)
    _ = machine.begin(remembered: nil)
    _ = machine.claimIsLate()
    _ = machine.claimed(.success(.other(other)))
    #expect(machine.answered(.hasNot) == .claim(adopting: 3, onlyFinds: false))
    #expect(machine.claimed(mine(4)) == .confirm(epoch: 4))
    var silent = self.machine(.later)
    _ = silent.begin(remembered: nil)
    _ = silent.claimIsLate()
    _ = silent.claimed(.success(.other(other)))
    #expect(silent.answered(.unreachable) == nil, "who is silent may live")
  }

  @Test("a hang-up that was answered without the store's word is brought to the owner all the same")
  func lateHangUp() {
    var machine = machine(.end)
    _ = machine.begin(remembered: nil)
    _ = machine.claimIsSlow()
    #expect(machine.claimIsLate() == .nobody)
    #expect(machine.answered(.has(other)) == .handOver(other))
  }
}
