import Locking
import Logging
import RedisClient
import Testing

@testable import Ownership

@Suite("RedisOwnershipStore: who has which conversation, with a real Redis", .serialized)
struct RedisOwnershipStoreTests {
  private static let long = Duration.seconds(20)
  private let server: RedisServer
  private let store: RedisOwnershipStore
  private let redis: RedisConnection
  private let one = Replica(address: "10.0.0.1:1", incarnation: "a")
  private let two = Replica(address: "10.0.0.2:1", incarnation: "b")

  init() async throws {
    server = try RedisServer()
    redis = try RedisConnection(
      RedisSettings(try RedisAddress("redis://127.0.0.1:\(server.port)")), log: Logger(label: "test"))
    let isConnected = await redis.isConnected(within: Self.long)
    try #require(isConnected)
    store = RedisOwnershipStore(redis)
  }

  private func claim(
    by claimant: Replica, adopting: UInt64? = nil, onlyFinds: Bool = false, mayBegin: Bool = true,
    hangsUp: Bool = false
  ) async throws -> ClaimAnswer {
    let claim = OwnershipClaim(
      key: "org/c", claimant: claimant, agent: "a", adopting: adopting, onlyFinds: onlyFinds, mayBegin: mayBegin,
      hangsUp: hangsUp)
    return try await withCheckedContinuation { waiter in
      store.claim(claim, within: Self.long) { waiter.resume(returning: $0) }
    }.get()
  }

  private func renew(
    _ owner: Replica, epoch: UInt64, fencing: Bool = false, keeping kept: String = ""
  ) async throws -> OwnershipRecord? {
    let record = OwnershipRecord(owner: owner, epoch: epoch, agent: "a", turns: 3, kept: kept)
    return try await withCheckedContinuation { waiter in
      store.renew([("org/c", record)], fencing: fencing, within: Self.long) { waiter.resume(returning: $0) }
    }.get().first ?? nil
  }

  /// Nobody waits for a release or a handing out: waits until Redis has carried it out.
  private func isNobodys() async throws {
    for _ in 0..<2_000 {
      if try await claim(by: one, onlyFinds: true) == .nobody { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it is somebody's still")
  }

  @Test("what it has never heard of begins only where it may")
  func unknown() async throws {
    #expect(try await claim(by: one, mayBegin: false) == .unknown)
    #expect(try await claim(by: one, onlyFinds: true) == .unknown)
    let record = OwnershipRecord(owner: one, epoch: 1, agent: "a")
    #expect(try await claim(by: one) == .own(record))
    #expect(try await claim(by: two, mayBegin: false) == .other(record))
    #expect(try await claim(by: one, mayBegin: false) == .own(record))
  }

  @Test("what was handed out is known, what is over only to those who look")
  func known() async throws {
    _ = try await claim(by: one)
    store.handOut("org/c", OwnershipRecord(owner: one, epoch: 1, turns: 7))
    try await isNobodys()
    #expect(
      try await claim(by: two, mayBegin: false) == .own(OwnershipRecord(owner: two, epoch: 2, agent: "a", turns: 7)))
    store.release("org/c", by: two)
    try await isNobodys()
    #expect(try await claim(by: one, mayBegin: false) == .unknown)
  }

  @Test("a hang-up that came first is kept for what it came before")
  func early() async throws {
    #expect(try await claim(by: one, onlyFinds: true, hangsUp: true) == .unknown)
    #expect(
      try await claim(by: two, mayBegin: false) == .over(OwnershipRecord(owner: two, epoch: 1, agent: "a")))
  }

  @Test("a woken owner does not take back what was adopted, nor what is over by now; one that Redis has forgotten does")
  func sleeper() async throws {
    _ = try await claim(by: one)
    let adopted = try await claim(by: two, adopting: 1)
    #expect(adopted == .own(OwnershipRecord(owner: two, epoch: 2, agent: "a")))
    #expect(try await renew(one, epoch: 1)?.owner == two)
    store.release("org/c", by: two)
    try await isNobodys()
    #expect(try await renew(one, epoch: 1) == nil)
    #expect(try await claim(by: one, onlyFinds: true) == .nobody)
    // The same id again, begun without Redis' word.
    #expect(try await renew(one, epoch: 0)?.epoch == 3)
    #expect(try await renew(one, epoch: 3) == OwnershipRecord(owner: one, epoch: 3, agent: "a", turns: 3))
  }

  @Test("an id that begins again has the next epoch, so that whoever slept meanwhile does not have it")
  func anew() async throws {
    _ = try await claim(by: one)
    _ = try await claim(by: two, adopting: 1)
    _ = try await claim(by: one, adopting: 2)
    store.release("org/c", by: one)
    try await isNobodys()
    var begun = OwnershipRecord(owner: one, epoch: 4, agent: "a")
    begun.isAnew = true
    #expect(try await claim(by: one) == .own(begun))
    #expect(!begun.isAdopted)
    #expect(try await renew(two, epoch: 2)?.owner == one)
  }

  @Test("what was handed out and begins without Redis' word has the next epoch")
  func handedOutAndUnowned() async throws {
    _ = try await claim(by: one)
    store.handOut("org/c", OwnershipRecord(owner: one, epoch: 1, turns: 7))
    try await isNobodys()
    #expect(try await renew(two, epoch: 0)?.epoch == 2)
  }

  @Test("who has found an owner gone does not adopt what that one has confirmed meanwhile")
  func confirmed() async throws {
    _ = try await claim(by: one)
    #expect(try await renew(one, epoch: 1, fencing: true)?.epoch == 2)
    #expect(
      try await claim(by: two, adopting: 1) == .other(OwnershipRecord(owner: one, epoch: 2, agent: "a", turns: 3)))
    #expect(try await renew(one, epoch: 2)?.epoch == 2)
    #expect(try await claim(by: two, adopting: 2) == .own(OwnershipRecord(owner: two, epoch: 3, agent: "a", turns: 3)))
    #expect(try await renew(one, epoch: 2, fencing: true)?.owner == two)
    store.release("org/c", by: two)
    try await isNobodys()
    #expect(try await renew(one, epoch: 2, fencing: true) == nil)
  }

  @Test("nor what was handed out by its adopter and waits for the next one")
  func sleeperAndHandOut() async throws {
    _ = try await claim(by: one)
    _ = try await claim(by: two, adopting: 1)
    store.handOut("org/c", OwnershipRecord(owner: two, epoch: 2, turns: 7))
    try await isNobodys()
    #expect(try await renew(one, epoch: 1) == nil)
    #expect(try await claim(by: two) == .own(OwnershipRecord(owner: two, epoch: 3, agent: "a", turns: 7)))
  }

  private func kept(by claimant: Replica, adopting: UInt64? = nil) async throws -> String? {
    guard case .own(let record) = try await claim(by: claimant, adopting: adopting) else { return nil }
    return record.kept
  }

  @Test("what an owner has kept is the next one's, and the one's after that, until something else is kept or nothing")
  func keeping() async throws {
    let text = "s{\"state\":\"caf\u{E9} \\r\\n\u{0}\"}"
    #expect(try await kept(by: one) == "")
    #expect(try await renew(one, epoch: 1, keeping: text)?.epoch == 1)
    #expect(try await kept(by: one) == text)
    #expect(try await renew(one, epoch: 1, fencing: true, keeping: text)?.epoch == 2)
    #expect(try await kept(by: two, adopting: 2) == text)
    #expect(try await kept(by: one, adopting: 3) == text, "the adopter died before it wrote anything")
    store.handOut("org/c", OwnershipRecord(owner: one, epoch: 4, turns: 7, kept: "later"))
    try await isNobodys()
    #expect(try await kept(by: two) == "later")
    #expect(try await renew(two, epoch: 5)?.epoch == 5)
    #expect(try await kept(by: one, adopting: 5) == "")
  }

  @Test("what is over leaves nothing of what was kept")
  func keptAndOver() async throws {
    _ = try await claim(by: one)
    _ = try await renew(one, epoch: 1, keeping: "order")
    store.release("org/c", by: one)
    try await isNobodys()
    #expect(try await kept(by: one) == "")
  }

  @Test("what was kept before an owner of a release that keeps nothing is old")
  func keptBeforeAnOlderRelease() async throws {
    _ = try await claim(by: one)
    _ = try await renew(one, epoch: 1, keeping: "order")
    // Its scripts write what they know, and leave the rest.
    for field in [("owner", "10.0.0.3:1"), ("incarnation", "c"), ("epoch", "2")] {
      let done: Result<RESPValue, RedisError> = await withCheckedContinuation { waiter in
        redis.send(RedisCommand("HSET", "patchbay:call:org/c", .text(field.0), .text(field.1)), within: Self.long) {
          waiter.resume(returning: $0)
        }
      }
      _ = try done.get()
    }
    #expect(try await kept(by: two, adopting: 2) == "")
  }

  @Test("who was taken for the owner by mistake and gives the conversation back does not end it for its owner")
  func mistaken() async throws {
    _ = try await claim(by: two)
    store.release("org/c", by: two)
    try await isNobodys()
    #expect(try await renew(one, epoch: 1)?.owner == one)
  }

  @Test("each connection is another generation")
  func generation() async throws {
    let before = store.generation
    server.kill()
    try server.start()
    for _ in 0..<2_000 where store.generation == before { try await Task.sleep(for: .milliseconds(10)) }
    #expect(store.generation > before)
    #expect(try await claim(by: one, mayBegin: false) == .unknown)
  }
}
