public import Basics
public import Logging
import Locking
import Metrics
import Synchronization

/// This replica's part in who has which conversation: it claims, renews and releases, remembers where others are, and
/// notices when it may not act on what it knows.
///
/// Nothing here waits for the store: answers are called back.
public final class OwnershipKeeper: Sendable {
  /// Times.
  public struct Settings: Sendable, Equatable {
    /// A replica that has not said for this long that it lives may be taken for dead.
    public var lease: Duration
    /// Conversations' records are renewed this often.
    public var renewal: Duration

    /// Settings.
    public init(lease: Duration = .seconds(3), renewal: Duration = .seconds(5)) {
      self.lease = lease
      self.renewal = renewal
    }
  }

  /// The longest wait of an RPC for the store.
  public static let patience = Duration.milliseconds(50)
  /// The longest wait for a batch of renewals, which no RPC waits for.
  private static let batchPatience = Duration.seconds(1)
  /// How long a conversation is left to those who are asked, where it began without the store's word.
  private static let doubt = Duration.seconds(1)
  /// How late the store's word on a claim still counts.
  public static let lateness = Duration.seconds(2)

  private struct State: Sendable {
    var book = OwnershipBook()
    var pause: PauseWatch
    /// Why the store is of no use, while it is.
    var trouble: String?
    var nextRenewal: Duration
    /// Of the store, as it was told what this replica has.
    var generation = 0
    /// It ends, and its lease is not to begin again.
    var hasLeft = false
  }

  /// The settings.
  public let settings: Settings
  private let store: any OwnershipStore
  private let clock: @Sendable () -> Duration
  private let log: Logger
  private let name: Locked<Replica>
  private let state: Locked<State>

  private let claimedOwn = Counter(label: "patchbay_ownership_claims_total", dimensions: [("result", "own")])
  private let claimedOther = Counter(label: "patchbay_ownership_claims_total", dimensions: [("result", "other")])
  private let adopted = Counter(label: "patchbay_ownership_claims_total", dimensions: [("result", "adopted")])
  private let claimedNobody = Counter(label: "patchbay_ownership_claims_total", dimensions: [("result", "nobody")])
  private let claimsFailed = Counter(label: "patchbay_ownership_claims_total", dimensions: [("result", "failed")])
  private let fenced = Counter(label: "patchbay_conversations_fenced_total")
  private let unowned = Counter(label: "patchbay_conversations_unowned_total")
  private let handedOut = Counter(label: "patchbay_conversations_handed_over_total")
  private let pauses = Counter(label: "patchbay_process_pauses_total")
  private let reachable = Meter(label: "patchbay_ownership_store_reachable")

  /// A keeper that has no conversations yet.
  ///
  /// - Parameter clock: one that goes on while the machine sleeps; a test gives its own.
  public init(
    _ own: Replica, store: any OwnershipStore, settings: Settings = .init(), log: Logger,
    clock: @escaping @Sendable () -> Duration = BootClock.now
  ) {
    name = Locked(own)
    self.store = store
    self.settings = settings
    self.log = log
    self.clock = clock
    let now = clock()
    state = Locked(
      State(pause: PauseWatch(lease: settings.lease, now: now), nextRenewal: now))
    reachable.set(0)
  }

  /// This replica. Its address is known when its port is bound.
  public var own: Replica {
    get { name.withLock { $0 } }
    set { name.withLock { $0 = newValue } }
  }

  /// Why the store is of no use, in words; `nil` while it answers.
  public var trouble: String? { state.withLock { $0.trouble } }

  /// Conversations that this replica has said it has.
  public var count: Int { state.withLock { $0.book.owned.count } }

  // MARK: An RPC of a conversation that is not here

  /// Who had a conversation when it was last asked.
  public func remembered(_ key: String) -> OwnershipRecord? {
    state.withLock { $0.book.remembered(key, now: clock()) }
  }

  /// The owner did not accept what was brought to it.
  public func forget(_ key: String) { state.withLock { $0.book.forget(key) } }

  /// The owner has accepted what was brought to it.
  public func remember(_ record: OwnershipRecord, of key: String) {
    state.withLock { $0.book.remember(record, of: key, now: clock()) }
  }

  /// Asks the store; calls back once, on any thread, at the latest after ``lateness``: an RPC waits no longer than
  /// ``patience``, and tells with ``isLate()`` that it did. What is then begun here has to be told with ``began(_:_:)``
  /// before ``asked(_:)``.
  public func claim(
    _ key: String, agent: String, adopting epoch: UInt64?, onlyFinds: Bool, mayBegin: Bool = true,
    hangsUp: Bool = false,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void
  ) {
    state.withLock { state in
      _ = state.pause.mayAct(now: clock())
      state.book.asks(for: key, pauses: state.pause.count)
    }
    let claim = OwnershipClaim(
      key: key, claimant: own, agent: agent, adopting: epoch, onlyFinds: onlyFinds, mayBegin: mayBegin,
      hangsUp: hangsUp)
    store.claim(claim, within: Self.lateness) { [self] answer in
      switch answer {
      case .success(.own(let record)) where record.isAdopted && epoch != nil: adopted.increment()
      case .success(.own), .success(.over): claimedOwn.increment()
      case .success(.other(let record)):
        claimedOther.increment()
        state.withLock { $0.book.remember(record, of: key, now: clock()) }
      case .success(.nobody), .success(.unknown): claimedNobody.increment()
      case .failure: claimsFailed.increment()
      }
      note(answer.map { _ in })
      done(answer)
    }
  }

  /// An RPC has waited for the store for as long as it may.
  public func isLate() { note(.failure(OwnershipStoreError("Redis does not answer in time"))) }

  /// What was asked for with ``claim(_:agent:adopting:onlyFinds:_:)`` has been answered and carried out.
  public func asked(_ key: String) { state.withLock { $0.book.hasAsked(for: key) } }

  /// Whether the lease of a replica is running.
  public func isAlive(
    _ replica: Replica, _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void
  ) {
    store.isAlive(replica, within: Self.patience) { [self] answer in
      note(answer.map { _ in })
      done(answer)
    }
  }

  // MARK: Own conversations

  /// A conversation has begun here.
  public func began(_ key: String, _ conversation: OwnedConversation) {
    if conversation.epoch == 0 { unowned.increment() }
    state.withLock { state in
      _ = state.pause.mayAct(now: clock())
      // Asked for before a pause: another may have adopted it since the store said that it is this replica's.
      let pauses = state.book.pausesWhenAsked(for: key)
      if conversation.epoch > 0, pauses ?? state.pause.count != state.pause.count { state.pause.reopen() }
      state.book.began(key, conversation)
      // Another may have begun it too: the store decides as soon as all have answered that were asked.
      if conversation.epoch == 0 { state.nextRenewal = min(state.nextRenewal, clock() + Self.doubt) }
    }
  }

  /// The conversation of this number is over.
  public func ended(_ key: String, number: Int) {
    if state.withLock({ $0.book.ended(key, number: number) }) { store.release(key, by: own) }
  }

  /// A conversation that was begun without the store's word is another's, who was first: it is not released. False
  /// where it is none of these any more, and where the other, which has no more than that either, is the one to give way.
  public func yield(_ key: String, to record: OwnershipRecord) -> Bool {
    let own = own
    let isYielded = state.withLock { $0.book.yield(key, to: record, by: own, now: clock()) }
    if isYielded { fenced.increment() }
    return isYielded
  }

  /// The conversation of this number is to go on at another replica. False where it cannot: the store does not answer,
  /// or does not know that it is here.
  public func handOut(_ key: String, number: Int) -> Bool {
    let conversation: OwnedConversation? = state.withLock { state in
      guard state.trouble == nil, state.pause.mayAct(now: clock()), let own = state.book.owned[key], own.epoch > 0,
        state.book.ended(key, number: number)
      else { return nil }
      return own
    }
    guard let conversation else { return false }
    store.handOut(key, conversation.record(by: own))
    handedOut.increment()
    return true
  }

  /// What is kept for the next owner of a conversation has changed: its record is written at once. What is not known to be
  /// this replica's is left to the renewal.
  public func keep(_ key: String, number: Int) {
    let own = own
    let record: OwnershipRecord? = state.withLock { state in
      guard state.pause.mayAct(now: clock()), let conversation = state.book.owned[key], conversation.number == number,
        conversation.epoch > 0
      else { return nil }
      return conversation.record(by: own)
    }
    if let record { renew([(key, record)]) { _ in } }
  }

  /// What was claimed did not begin.
  public func release(_ key: String) { store.release(key, by: own) }

  /// The epoch that this replica has a conversation with, which the replica of this address is told: it may act on that.
  public func tell(_ key: String, to address: String) -> UInt64? {
    state.withLock { $0.book.tell(key, to: address) }
  }

  /// The epoch that this replica has a conversation with.
  public func epoch(of key: String) -> UInt64? { state.withLock { $0.book.owned[key]?.epoch } }

  /// Whether the conversation may be about to begin here.
  public func isAsking(for key: String) -> Bool { state.withLock { $0.book.isAsking(for: key) } }

  /// Another replica has read that this one has the conversation with this epoch: the store was asked for it, and its
  /// answer came too late.
  public func raise(_ key: String, to epoch: UInt64) { state.withLock { $0.book.raise(key, to: epoch) } }

  /// Whether this replica may act on what it knows: not after a pause, until it has read its conversations' records.
  public var mayAct: Bool { state.withLock { $0.pause.mayAct(now: clock()) } }

  private func fence(_ lost: [OwnedConversation]) {
    if lost.isEmpty { return }
    fenced.increment(by: lost.count)
    log.warning("conversations are another server's by now", metadata: ["count": "\(lost.count)"])
    for conversation in lost { conversation.lost() }
  }

  // MARK: What goes on beside the RPCs

  /// To be called several times within a lease, and from nothing that waits for the store: notices pauses.
  public func tick() {
    let now = clock()
    let hasPaused = state.withLock { state in
      let was = state.pause.isPaused
      state.pause.beat(now: now)
      return state.pause.isPaused && !was
    }
    if hasPaused { pauses.increment() }
  }

  /// To be called several times within a lease: says that this replica lives, renews what it has, and finds out after a
  /// pause what it still has. And to be called when the store is reached anew: it is told at once what this replica
  /// has, since it may know an older state than the one before.
  public func tend() async {
    if state.withLock({ $0.hasLeft }) { return }
    if !mayAct { return await takeStock() }
    let generation = store.generation
    let (wasTroubled, isDue) = state.withLock { state in
      (state.trouble != nil, clock() >= state.nextRenewal || generation != state.generation)
    }
    guard await beat(), isDue || wasTroubled, await renew() else { return }
    state.withLock { $0.generation = generation }
  }

  /// False where the store has not answered.
  private func beat() async -> Bool {
    let answer: Result<Void, OwnershipStoreError> = await withCheckedContinuation { waiter in
      store.beat(own, lease: settings.lease, within: .milliseconds(500)) { waiter.resume(returning: $0) }
    }
    note(answer)
    return (try? answer.get()) != nil
  }

  /// After a pause nothing is sent until the records say who has what. Another may have found the lease over and be
  /// about to adopt what is confirmed here: the next epoch keeps it from that, and who reads that one finds a lease
  /// that runs.
  private func takeStock() async {
    log.warning("this process stood still, and its lease may be over: the owners of its calls are looked up")
    let pauses = state.withLock { state in
      state.pause.beat(now: clock())
      return state.pause.count
    }
    guard await beat(), await renew(fencing: true) else { return }
    let kept = state.withLock { state in
      state.pause.settled(pauses, now: clock()) ? Array(state.book.owned.values) : []
    }
    for conversation in kept { conversation.confirmed() }
  }

  /// True where the store has answered for all.
  private func renew(fencing: Bool = false) async -> Bool {
    let own = own
    let asked = state.withLock { $0.book.renewals(by: own) }
    state.withLock { $0.nextRenewal = clock() + settings.renewal }
    if asked.isEmpty { return true }
    return await withCheckedContinuation { waiter in
      renew(asked, fencing: fencing) { waiter.resume(returning: $0) }
    }
  }

  private func renew(
    _ asked: [(key: String, record: OwnershipRecord)], fencing: Bool = false, _ done: @escaping @Sendable (Bool) -> Void
  ) {
    store.renew(asked, fencing: fencing, within: Self.batchPatience) { [self] answer in
      note(answer.map { _ in })
      guard case .success(let records) = answer else { return done(false) }
      let lost = state.withLock { $0.book.renewed(asked, records, by: own, now: clock()) }
      fence(lost)
      done(true)
    }
  }

  /// The replica ends in order.
  public func leave() {
    state.withLock { $0.hasLeft = true }
    store.leave(own)
  }

  private func note(_ answer: Result<Void, OwnershipStoreError>) {
    var trouble: String?
    if case .failure(let error) = answer { trouble = error.description }
    let before = state.withLock { state in
      defer { state.trouble = trouble }
      return state.trouble
    }
    reachable.set(trouble == nil ? 1 : 0)
    switch (before, trouble) {
    case (nil, let trouble?):
      log.error("which server has a call cannot be looked up", metadata: ["error": "\(trouble)"])
    case (_?, nil): log.notice("which server has a call can be looked up again")
    default: break
    }
  }
}
