import Testing

@testable import Ownership

@Suite("An ArrivalStateMachine's RPC, where the store has forgotten its conversation or knows an older state")
struct ForgetfulStoreTests {
  private let own = Replica(address: "10.0.0.1:50052", incarnation: "a")
  private let other = OwnershipRecord(
    owner: Replica(address: "10.0.0.2:50052", incarnation: "b"), epoch: 3, agent: "front-desk", turns: 4)

  private func machine(_ kind: ArrivalStateMachine.Kind = .start) -> ArrivalStateMachine {
    ArrivalStateMachine(own: own, kind: kind, lease: .seconds(3), now: .zero)
  }

  private func mine(_ epoch: UInt64) -> Result<ClaimAnswer, OwnershipStoreError> {
    .success(.own(OwnershipRecord(owner: own, epoch: epoch, turns: 4)))
  }

  @Test("a later RPC of what the store does not know goes to the replica that has it, and begins where none has")
  func forgotten() {
    var machine = machine(.later)
    #expect(machine.begin(remembered: nil) == .claim(adopting: nil, onlyFinds: false, mayBegin: false))
    #expect(machine.claimed(.success(.unknown)) == .ask(nil))
    #expect(!machine.waitsForStore, "it has answered")
    #expect(machine.answered(.has(other)) == .relay(other))
    var lost = self.machine(.later)
    _ = lost.begin(remembered: nil)
    _ = lost.claimed(.success(.unknown))
    #expect(lost.answered(.hasNot) == .claim(adopting: nil, onlyFinds: false))
    #expect(lost.claimed(mine(1)) == .serve(epoch: 1, turns: 4, isAdopted: false))
  }

  @Test("it waits for them no longer than for the store, and what they say then still counts")
  func forgottenAndSlow() {
    var machine = machine(.later)
    _ = machine.begin(remembered: nil)
    _ = machine.claimed(.success(.unknown))
    #expect(machine.claimIsLate() == .serve(epoch: 0, turns: 0, isAdopted: false))
    #expect(machine.answered(.has(other)) == .handOver(other))
    var lost = self.machine(.later)
    _ = lost.begin(remembered: nil)
    _ = lost.claimed(.success(.unknown))
    _ = lost.claimIsLate()
    #expect(lost.answered(.hasNot) == .claim(adopting: nil, onlyFinds: false))
    #expect(lost.claimed(mine(1)) == .confirm(epoch: 1))
    var late = self.machine(.later)
    _ = late.begin(remembered: nil)
    #expect(late.claimIsSlow() == .ask(nil))
    _ = late.claimIsLate()
    #expect(late.claimed(.success(.unknown)) == nil, "the others have not answered")
    #expect(late.answered(.unreachable) == .claim(adopting: nil, onlyFinds: false))
  }

  @Test("an owner that the store names and that is gone is one of an older state where another has the conversation")
  func staleOwner() {
    func gone() -> ArrivalStateMachine {
      var machine = machine(.later)
      _ = machine.begin(remembered: nil)
      #expect(machine.claimed(.success(.other(other))) == .relay(other))
      #expect(machine.relayFailed(.otherIncarnation) == .ask(nil))
      return machine
    }
    let heir = OwnershipRecord(owner: Replica(address: "10.0.0.3:50052", incarnation: "c"), epoch: 4)
    var (stale, dead, slow) = (gone(), gone(), gone())
    #expect(stale.answered(.has(heir)) == .relay(heir))
    #expect(dead.answered(.hasNot) == .claim(adopting: 3, onlyFinds: false))
    #expect(slow.claimIsLate() == .claim(adopting: 3, onlyFinds: false))
    #expect(slow.answered(.has(heir)) == .relay(heir))
    #expect(slow.claimed(mine(4)) == .release)
  }

  @Test("who has waited for a silent owner until its lease was over finds who has adopted the conversation")
  func adoptedMeanwhile() {
    var machine = machine(.later)
    _ = machine.begin(remembered: other)
    _ = machine.relayFailed(.unreachable)
    for tenth in 1...30 {
      _ = machine.leaseAnswered(.success(true), now: .milliseconds(tenth * 100))
      if case .relay = machine.waited() { _ = machine.relayFailed(.unreachable) }
    }
    #expect(machine.leaseAnswered(.success(false), now: .seconds(3)) == .ask(nil))
    #expect(machine.answered(.hasNot) == .claim(adopting: 3, onlyFinds: false))
    let heir = OwnershipRecord(owner: Replica(address: "10.0.0.3:50052", incarnation: "c"), epoch: 4)
    #expect(machine.claimed(.success(.other(heir))) == .relay(heir))
  }

  @Test("a hang-up of what the store does not know reaches the replica that has it; what was over before asks nobody")
  func forgottenHangUp() {
    var machine = machine(.end)
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.success(.unknown)) == .ask(nil))
    #expect(machine.answered(.has(other)) == .relay(other))
    var early = self.machine(.end)
    _ = early.begin(remembered: nil)
    _ = early.claimed(.success(.unknown))
    #expect(early.answered(.hasNot) == .nobody)
    var slow = self.machine(.end)
    _ = slow.begin(remembered: nil)
    _ = slow.claimed(.success(.unknown))
    #expect(slow.claimIsLate() == .nobody)
    #expect(slow.answered(.has(other)) == .handOver(other))
  }

  @Test("a replica that ends asks the others before it brings them what the store does not know")
  func forgottenWhileLeaving() {
    var machine = ArrivalStateMachine(own: own, kind: .later, isLeaving: true, lease: .seconds(3), now: .zero)
    _ = machine.begin(remembered: nil)
    #expect(machine.claimed(.success(.unknown)) == .ask(nil))
    #expect(machine.answered(.hasNot) == .pass)
    var first = ArrivalStateMachine(own: own, kind: .start, isLeaving: true, lease: .seconds(3), now: .zero)
    _ = first.begin(remembered: nil)
    #expect(first.claimed(.success(.unknown)) == .pass)
  }
}
