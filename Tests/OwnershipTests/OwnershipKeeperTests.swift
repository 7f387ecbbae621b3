import Locking
import Logging
import Testing

@testable import Ownership

@Suite("Who has which conversation")
struct OwnershipKeeperTests {
  private let store = MemoryStore()
  private let time = Locked(Duration.seconds(100))
  private let told = Locked<[String]>([])

  private func keeper(_ address: String = "10.0.0.1:1") -> OwnershipKeeper {
    OwnershipKeeper(
      Replica(address: address, incarnation: address), store: store, settings: .init(),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { [time] in time.withLock { $0 } })
  }

  private func pass(_ duration: Duration) { time.withLock { $0 += duration } }

  private func begin(_ key: String, epoch: UInt64, of keeper: OwnershipKeeper, number: Int = 1) {
    keeper.began(
      key,
      OwnedConversation(
        epoch: epoch, agent: "front-desk", number: number,
        lost: { [told] in told.withLock { $0.append("lost \(key)") } },
        confirmed: { [told] in told.withLock { $0.append("confirmed \(key)") } }, turns: { 2 }))
  }

  @Test("a claim is the owner's until the conversation is over")
  func claim() {
    let (first, second) = (keeper(), keeper("10.0.0.2:1"))
    let answers = Locked<[Result<ClaimAnswer, OwnershipStoreError>]>([])
    let note: @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void = { answer in
      answers.withLock { $0.append(answer) }
    }
    first.claim("org/c", agent: "a", adopting: nil, onlyFinds: false, note)
    #expect(first.isAsking(for: "org/c"))
    begin("org/c", epoch: 1, of: first)
    first.asked("org/c")
    #expect(!first.isAsking(for: "org/c"))
    second.claim("org/c", agent: "a", adopting: nil, onlyFinds: false, note)
    let record = OwnershipRecord(owner: first.own, epoch: 1, agent: "a")
    #expect(answers.withLock { $0 } == [.success(.own(record)), .success(.other(record))])
    #expect(second.remembered("org/c") == record)
    first.ended("org/c", number: 7)
    #expect(store["org/c"] != nil, "the end of another conversation of this key")
    first.ended("org/c", number: 1)
    #expect(store["org/c"] == nil)
  }

  @Test("a renewal brings turns and epoch along, writes what a new store lacks, and finds what is another's")
  func renewal() async {
    let keeper = keeper()
    begin("org/kept", epoch: 1, of: keeper)
    begin("org/unowned", epoch: 0, of: keeper)
    begin("org/adopted", epoch: 1, of: keeper)
    begin("org/stale", epoch: 5, of: keeper)
    let other = Replica(address: "10.0.0.2:1", incarnation: "b")
    store["org/adopted"] = OwnershipRecord(owner: other, epoch: 2)
    store["org/stale"] = OwnershipRecord(owner: other, epoch: 4)
    await keeper.tend()
    #expect(store["org/kept"] == OwnershipRecord(owner: keeper.own, epoch: 1, agent: "front-desk", turns: 2))
    #expect(store["org/unowned"]?.epoch == 1)
    #expect(store["org/stale"]?.owner == keeper.own)
    #expect(told.withLock { $0 } == ["lost org/adopted"])
    #expect(keeper.remembered("org/adopted")?.owner == other)
    #expect(keeper.count == 3)
  }

  @Test("what is kept for the next owner is written at once, where it is known that the conversation is here")
  func keeping() async {
    let (keeper, next) = (keeper(), keeper("10.0.0.2:1"))
    let kept = Locked("a")
    func begin(_ epoch: UInt64) {
      keeper.began(
        "org/c",
        OwnedConversation(
          epoch: epoch, agent: "front-desk", number: 1, lost: { [told] in told.withLock { $0.append("lost") } },
          confirmed: {}, turns: { 2 }, kept: { kept.withLock { $0 } }))
    }
    await keeper.tend()
    begin(0)
    keeper.keep("org/c", number: 1)
    #expect(store["org/c"] == nil, "others are asked for it first")
    begin(1)
    keeper.keep("org/c", number: 7)
    #expect(store["org/c"] == nil, "another conversation of this key")
    keeper.keep("org/c", number: 1)
    #expect(store["org/c"]?.kept == "a")
    kept.withLock { $0 = "b" }
    pass(.seconds(20))
    keeper.keep("org/c", number: 1)
    #expect(store["org/c"]?.kept == "a", "it has stood still")
    let answers = Locked<[Result<ClaimAnswer, OwnershipStoreError>]>([])
    next.claim("org/c", agent: "a", adopting: 1, onlyFinds: false) { answer in answers.withLock { $0.append(answer) } }
    let adopted = OwnershipRecord(owner: next.own, epoch: 2, agent: "a", turns: 2, kept: "a")
    #expect(answers.withLock { $0 } == [.success(.own(adopted))])
    await keeper.tend()
    #expect(told.withLock { $0 } == ["lost"])
  }

  @Test("a keeper that is told to keep something finds that another has the conversation")
  func keepingTooLate() {
    let keeper = keeper()
    begin("org/c", epoch: 1, of: keeper)
    store["org/c"] = OwnershipRecord(owner: Replica(address: "10.0.0.2:1", incarnation: "b"), epoch: 2)
    keeper.keep("org/c", number: 1)
    #expect(told.withLock { $0 } == ["lost org/c"] && keeper.count == 0)
  }

  @Test("after a pause nothing may be done until the records are read")
  func pause() async {
    let keeper = keeper()
    begin("org/kept", epoch: 1, of: keeper)
    begin("org/adopted", epoch: 1, of: keeper)
    await keeper.tend()
    store["org/adopted"] = OwnershipRecord(owner: Replica(address: "10.0.0.2:1", incarnation: "b"), epoch: 2)
    pass(.seconds(20))
    #expect(!keeper.mayAct)
    keeper.tick()
    #expect(!keeper.mayAct, "that it runs again is not enough")
    store.trouble = OwnershipStoreError("gone")
    await keeper.tend()
    #expect(!keeper.mayAct, "nor that it has asked")
    store.trouble = nil
    await keeper.tend()
    #expect(keeper.mayAct)
    #expect(told.withLock { $0 } == ["lost org/adopted", "confirmed org/kept"])
  }

  @Test("what a woken owner has confirmed is not adopted by one that had found its lease over before")
  func confirmedFirst() async {
    let (sleeper, late) = (keeper(), keeper("10.0.0.2:1"))
    sleeper.claim("org/c", agent: "a", adopting: nil, onlyFinds: false) { _ in }
    begin("org/c", epoch: 1, of: sleeper)
    pass(.seconds(20))
    await sleeper.tend()
    #expect(told.withLock { $0 } == ["confirmed org/c"] && sleeper.mayAct)
    let answers = Locked<[Result<ClaimAnswer, OwnershipStoreError>]>([])
    late.claim("org/c", agent: "a", adopting: 1, onlyFinds: false) { answer in answers.withLock { $0.append(answer) } }
    let confirmed = OwnershipRecord(owner: sleeper.own, epoch: 2, agent: "front-desk", turns: 2)
    #expect(answers.withLock { $0 } == [.success(.other(confirmed))])
    #expect(sleeper.epoch(of: "org/c") == 2)
  }

  @Test("who reads the epoch that a woken owner has confirmed finds its lease running")
  func livesFirst() async {
    let sleeper = keeper()
    begin("org/c", epoch: 1, of: sleeper)
    pass(.seconds(20))
    store.content.withLock { content in
      content.afterRenewal = { [store, told] in
        store.isAlive(sleeper.own, within: .zero) { alive in told.withLock { $0.append("\(alive)") } }
      }
    }
    await sleeper.tend()
    #expect(told.withLock { $0 } == ["success(true)", "confirmed org/c"])
  }

  @Test("one that stands still once more while its records are read reads them again")
  func pausedTwice() async {
    let (sleeper, adopter) = (keeper(), keeper("10.0.0.2:1"))
    sleeper.claim("org/c", agent: "a", adopting: nil, onlyFinds: false) { _ in }
    begin("org/c", epoch: 1, of: sleeper)
    pass(.seconds(20))
    store.content.withLock { content in
      content.afterRenewal = { [time] in
        time.withLock { $0 += .seconds(20) }
        adopter.claim("org/c", agent: "a", adopting: 2, onlyFinds: false) { _ in }
      }
    }
    await sleeper.tend()
    #expect(told.withLock { $0 } == [] && !sleeper.mayAct)
    store.content.withLock { $0.afterRenewal = nil }
    await sleeper.tend()
    #expect(told.withLock { $0 } == ["lost org/c"] && sleeper.mayAct)
  }

  @Test("what was claimed before a pause, and begins after it, is read before it is confirmed")
  func claimedBeforePause() async {
    for isReadMeanwhile in [true, false] {
      told.withLock { $0 = [] }
      let keeper = keeper()
      await keeper.tend()
      keeper.claim("org/c", agent: "a", adopting: nil, onlyFinds: false) { _ in }
      pass(.seconds(20))
      store["org/c"] = OwnershipRecord(owner: Replica(address: "10.0.0.2:1", incarnation: "b"), epoch: 2)
      begin("org/kept", epoch: 1, of: keeper)
      let carryOut: @Sendable () -> Void = { [told] in
        keeper.began(
          "org/c",
          OwnedConversation(
            epoch: 1, agent: "a", number: 2, lost: { told.withLock { $0.append("lost org/c") } },
            confirmed: { told.withLock { $0.append("confirmed org/c") } }, turns: { 0 }))
        keeper.asked("org/c")
      }
      if isReadMeanwhile { store.content.withLock { $0.afterRenewal = carryOut } }
      keeper.tick()
      await keeper.tend()
      store.content.withLock { $0.afterRenewal = nil }
      if !isReadMeanwhile {
        #expect(keeper.mayAct)
        carryOut()
      }
      #expect(!keeper.mayAct, "its record was not read")
      await keeper.tend()
      #expect(keeper.mayAct)
      #expect(!told.withLock { $0.contains("confirmed org/c") } && told.withLock { $0.contains("lost org/c") })
      keeper.ended("org/kept", number: 1)
      store["org/c"] = nil
    }
  }

  @Test("a pause that its lease may not have outlived counts, though it is shorter than the lease")
  func shortPause() {
    let keeper = keeper()
    pass(.milliseconds(1_900))
    #expect(keeper.mayAct)
    keeper.tick()
    pass(.milliseconds(2_600))
    #expect(!keeper.mayAct)
  }

  @Test("of two that have begun one conversation without the store's word, one ends it a second later")
  func begunTwice() async {
    let (first, second) = (keeper(), keeper("10.0.0.2:1"))
    await first.tend()
    await second.tend()
    begin("org/c", epoch: 0, of: first)
    begin("org/c", epoch: 0, of: second)
    await first.tend()
    #expect(first.epoch(of: "org/c") == 0, "others are asked")
    pass(.seconds(1))
    await first.tend()
    await second.tend()
    #expect(told.withLock { $0 } == ["lost org/c"])
    #expect(first.epoch(of: "org/c") == 1 && second.count == 0)
  }

  @Test("what another has adopted is lost, though its epoch was read while the records were")
  func raisedMeanwhile() async {
    let keeper = keeper()
    begin("org/c", epoch: 0, of: keeper)
    store["org/c"] = OwnershipRecord(owner: Replica(address: "10.0.0.2:1", incarnation: "b"), epoch: 2)
    store.content.withLock { $0.afterRenewal = { keeper.raise("org/c", to: 1) } }
    await keeper.tend()
    #expect(told.withLock { $0 } == ["lost org/c"])
  }

  @Test("one that sleeps does not take back what was adopted and is over by now")
  func overMeanwhile() async {
    let (sleeper, adopter) = (keeper(), keeper("10.0.0.2:1"))
    sleeper.claim("org/c", agent: "a", adopting: nil, onlyFinds: false) { _ in }
    begin("org/c", epoch: 1, of: sleeper)
    adopter.claim("org/c", agent: "a", adopting: 1, onlyFinds: false) { _ in }
    begin("org/c", epoch: 2, of: adopter)
    adopter.ended("org/c", number: 1)
    #expect(store["org/c"] == nil)
    pass(.seconds(20))
    sleeper.tick()
    await sleeper.tend()
    #expect(told.withLock { $0 } == ["lost org/c"] && sleeper.count == 0 && sleeper.mayAct)
    #expect(store["org/c"] == nil && sleeper.remembered("org/c") == nil)
  }

  @Test("a store that is reached anew is told at once what there is, also where nothing has failed meanwhile")
  func failOver() async {
    let keeper = keeper()
    await keeper.tend()
    begin("org/c", epoch: 3, of: keeper)
    store.failOver()
    await keeper.tend()
    #expect(store["org/c"]?.epoch == 3)
    let operations = store.content.withLock { $0.operations }
    await keeper.tend()
    #expect(store.content.withLock { $0.operations } == operations + 1, "it was told once")
  }

  @Test("a replica that has left does not say any more that it lives")
  func left() async {
    let keeper = keeper()
    await keeper.tend()
    #expect(store.content.withLock { $0.living } == [keeper.own])
    keeper.leave()
    await keeper.tend()
    #expect(store.content.withLock { $0.living.isEmpty })
  }

  @Test("one that only cannot reach the store goes on")
  func cutOff() async {
    let keeper = keeper()
    begin("org/c", epoch: 1, of: keeper)
    await keeper.tend()
    store.trouble = OwnershipStoreError("Redis is not reachable: refused")
    for _ in 0..<40 {
      pass(.milliseconds(500))
      keeper.tick()
      await keeper.tend()
    }
    #expect(keeper.mayAct && keeper.count == 1)
    #expect(keeper.trouble == "Redis is not reachable: refused")
    store.trouble = nil
    await keeper.tend()
    #expect(keeper.trouble == nil)
    #expect(told.withLock { $0 } == [])
  }

  @Test("an epoch that another replica has read is kept")
  func raised() async {
    let keeper = keeper()
    begin("org/c", epoch: 0, of: keeper)
    keeper.raise("org/c", to: 3)
    #expect(keeper.epoch(of: "org/c") == 3)
    keeper.raise("org/c", to: 2)
    #expect(keeper.epoch(of: "org/c") == 3)
  }

  @Test("what is remembered is bounded in time")
  func routes() {
    let keeper = keeper()
    keeper.remember(OwnershipRecord(owner: Replica(address: "x", incarnation: "y"), epoch: 1), of: "org/c")
    #expect(keeper.remembered("org/c") != nil)
    pass(.seconds(901))
    #expect(keeper.remembered("org/c") == nil)
  }
}
