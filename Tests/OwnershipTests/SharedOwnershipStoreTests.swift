import Glibc
import Locking
import Testing

@testable import Ownership

@Suite("Who has which conversation, among processes")
struct SharedOwnershipStoreTests {
  private let table: ProcessTable
  private let store: SharedOwnershipStore

  init() throws {
    let plan = ProcessTable.Plan(processes: 3, port: 50051, secret: "0123456789abcdef", folder: "/run/patchbay")
    table = try ProcessTable(plan, conversations: 1_000)
    #expect(table.plan == plan)
    for process in 0..<3 { table.begin(process) }
    store = SharedOwnershipStore(table)
  }

  private func claim(
    _ key: String, by process: Int, adopting: UInt64? = nil, onlyFinds: Bool = false,
    in store: SharedOwnershipStore? = nil
  ) -> ClaimAnswer? {
    let answer = Locked<ClaimAnswer?>(nil)
    let claim = OwnershipClaim(
      key: key, claimant: table.replica(process), agent: "a", adopting: adopting, onlyFinds: onlyFinds)
    (store ?? self.store).claim(claim, within: .zero) { result in
      answer.withLock { $0 = try? result.get() }
    }
    return answer.withLock { $0 }
  }

  private func record(_ process: Int, epoch: UInt64, turns: Int = 0) -> OwnershipRecord {
    OwnershipRecord(owner: table.replica(process), epoch: epoch, agent: "a", turns: turns)
  }

  private func renew(_ key: String, _ record: OwnershipRecord, fencing: Bool = false) -> OwnershipRecord? {
    let answer = Locked<OwnershipRecord?>(nil)
    store.renew([(key, record)], fencing: fencing, within: .zero) { result in
      answer.withLock { $0 = (try? result.get())?.first ?? nil }
    }
    return answer.withLock { $0 }
  }

  private func isAlive(_ replica: Replica) -> Bool? {
    let answer = Locked<Bool?>(nil)
    store.isAlive(replica, within: .zero) { result in answer.withLock { $0 = try? result.get() } }
    return answer.withLock { $0 }
  }

  @Test("the first who claims a conversation has it, until it is released by its owner")
  func claims() {
    #expect(claim("org/c", by: 0, onlyFinds: true) == .nobody)
    #expect(claim("org/c", by: 0) == .own(record(0, epoch: 1)))
    #expect(claim("org/c", by: 0) == .own(record(0, epoch: 1)))
    #expect(claim("org/c", by: 1) == .other(record(0, epoch: 1)))
    #expect(claim("org/other", by: 1) == .own(record(1, epoch: 1)))
    store.release("org/c", by: table.replica(1))
    #expect(claim("org/c", by: 1, onlyFinds: true) == .other(record(0, epoch: 1)))
    store.release("org/c", by: table.replica(0))
    #expect(claim("org/c", by: 1, onlyFinds: true) == .nobody)
  }

  @Test("what a process that has ended had is its who claims it next, with the next epoch and its turns")
  func adoption() {
    _ = claim("org/c", by: 0)
    #expect(renew("org/c", record(0, epoch: 1, turns: 4)) == record(0, epoch: 1, turns: 4))
    let former = table.replica(0)
    #expect(isAlive(former) == true)
    table.end(0)
    #expect(isAlive(former) == false)
    #expect(claim("org/c", by: 1, onlyFinds: true) == .nobody)
    #expect(claim("org/c", by: 1) == .own(record(1, epoch: 2, turns: 4)))
    table.begin(0)
    #expect(table.replica(0) != former && isAlive(former) == false && isAlive(table.replica(0)) == true)
    #expect(claim("org/c", by: 0) == .other(record(1, epoch: 2, turns: 4)))
  }

  @Test("an owner that is known to be gone by its epoch is taken over, and learns of it with its next renewal")
  func fencing() {
    _ = claim("org/c", by: 0)
    #expect(claim("org/c", by: 1, adopting: 7) == .other(record(0, epoch: 1)))
    #expect(claim("org/c", by: 1, adopting: 1) == .own(record(1, epoch: 2)))
    #expect(renew("org/c", record(0, epoch: 1)) == record(1, epoch: 2))
    #expect(renew("org/unowned", record(2, epoch: 0)) == record(2, epoch: 1))
  }

  @Test("who has found an owner gone does not adopt what that one has confirmed meanwhile")
  func confirmed() {
    _ = claim("org/c", by: 0)
    #expect(renew("org/c", record(0, epoch: 1), fencing: true) == record(0, epoch: 2))
    #expect(claim("org/c", by: 1, adopting: 1) == .other(record(0, epoch: 2)))
    #expect(renew("org/c", record(0, epoch: 2)) == record(0, epoch: 2))
  }

  @Test("a process that slept does not take back what was adopted and is over by now")
  func overMeanwhile() {
    _ = claim("org/c", by: 0)
    _ = claim("org/c", by: 1, adopting: 1)
    store.release("org/c", by: table.replica(1))
    #expect(renew("org/c", record(0, epoch: 1)) == nil)
    #expect(claim("org/c", by: 2, onlyFinds: true) == .nobody)
  }

  @Test("all who map the memory see the same, and many conversations find their places")
  func sharing() throws {
    let other = try ProcessTable(descriptor: fcntl(table.descriptor, F_DUPFD_CLOEXEC, 0))
    let second = SharedOwnershipStore(other)
    for number in 0..<3_000 { #expect(claim("org/\(number)", by: number % 3) == .own(record(number % 3, epoch: 1))) }
    for number in 0..<3_000 {
      #expect(claim("org/\(number)", by: (number + 1) % 3, in: second) == .other(record(number % 3, epoch: 1)))
    }
    table.tell(1, .ready, port: 4711, live: 12)
    #expect((other.state(of: 1), other.port(of: 1), other.live) == (.ready, 4711, 12))
  }

  @Test("claims of all processes at once: each conversation has one owner")
  func race() async {
    let owners = await withTaskGroup(of: [String: Int].self) { group in
      for process in 0..<3 {
        group.addTask {
          var own: [String: Int] = [:]
          for number in 0..<2_000 {
            if case .own? = claim("org/\(number)", by: process) { own["org/\(number)"] = process }
          }
          return own
        }
      }
      return await group.reduce(into: [[String: Int]]()) { $0.append($1) }
    }
    #expect(owners.map(\.count).reduce(0, +) == 2_000)
    #expect(Set(owners.flatMap(\.keys)).count == 2_000)
  }
}
