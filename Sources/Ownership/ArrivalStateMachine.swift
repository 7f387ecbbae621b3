/// Finds out what is to be done with an RPC of a conversation that this replica does not have: serve it here, hand it
/// on to the owner, or take the conversation over from an owner that is dead.
///
/// A pure value: answers and a clock come in, one action goes out at a time.
public struct ArrivalStateMachine: Sendable {
  /// How many times an RPC is handed on or claimed, before it is given up.
  private static let maximumAttempts = 6
  /// Time between two looks at the lease of an owner that does not answer.
  public static let leaseInterval = Duration.milliseconds(100)
  /// A claim that is not answered for so long is slow: other replicas are asked meanwhile.
  public static let slowness = Duration.milliseconds(20)
  /// Time beyond a lease in which an owner's fate has to be settled.
  private static let margin = Duration.seconds(2)
  private static let notFound = Action.fail("the conversation's server is not to be found")

  private let own: Replica
  private let kind: Kind
  private let isLeaving: Bool
  private let limit: Duration
  private var phase = Phase.claiming(isAnswered: false, isAsking: false)
  private var attempts = 0
  /// Whether the owner was asked for the conversation by what was remembered, and not by what the store says.
  private var isRemembered = false
  /// Whether the replicas that are known were asked.
  private var hasAsked = false
  /// Whether their answer is still to come.
  private var isAsked = false
  private var otherwise: Otherwise?
  private var looks = 0

  private var onlyFinds: Bool { kind == .end }

  /// Whether the RPC is served here, or was answered, without anybody's word: answers that are still to come count.
  public var isUnowned: Bool { phase == .unowned }

  /// Whether it is the store that the RPC waits for.
  public var waitsForStore: Bool { if case .claiming(isAnswered: false, _) = phase { true } else { false } }

  /// - Parameters:
  ///   - own: this replica.
  ///   - kind: which RPC it is.
  ///   - isLeaving: whether this replica ends: nothing begins here any more.
  ///   - lease: of replicas.
  ///   - now: the monotonic clock.
  public init(own: Replica, kind: Kind, isLeaving: Bool = false, lease: Duration, now: Duration) {
    self.own = own
    self.kind = kind
    self.isLeaving = isLeaving
    limit = now + lease + Self.margin
  }

  /// The first action; `remembered` is who was the owner when it was last asked.
  public mutating func begin(remembered: OwnershipRecord?) -> Action {
    guard let remembered, remembered.owner != own else { return claim(adopting: nil) }
    isRemembered = true
    return relay(remembered)
  }

  /// A later RPC's conversation is somebody's: where the store does not know whose, others do, and are asked first.
  private mutating func claim(adopting epoch: UInt64?) -> Action {
    phase = .claiming(isAnswered: false, isAsking: false)
    otherwise = nil
    let finds = onlyFinds || isLeaving
    let mayBegin = finds || kind == .start || epoch != nil || hasAsked
    return .claim(adopting: epoch, onlyFinds: finds, mayBegin: mayBegin)
  }

  private mutating func relay(_ record: OwnershipRecord) -> Action {
    attempts += 1
    guard attempts <= Self.maximumAttempts else { return Self.notFound }
    phase = .relaying(record)
    otherwise = nil
    return .relay(record)
  }

  private mutating func adopt(_ record: OwnershipRecord) -> Action {
    attempts += 1
    guard attempts <= Self.maximumAttempts else { return Self.notFound }
    if kind == .start || hasAsked { return goOn(.adopt(record.epoch)) }
    // The store may know an older state than the one in force.
    phase = .claiming(isAnswered: true, isAsking: false)
    otherwise = .adopt(record.epoch)
    return askAll() ?? goOn(.adopt(record.epoch))
  }

  /// None of the others has the conversation.
  private mutating func goOn(_ otherwise: Otherwise) -> Action {
    self.otherwise = nil
    if isLeaving { return passOn() }
    if onlyFinds {
      phase = .settled
      return .nobody
    }
    switch otherwise {
    case .begin: return claim(adopting: nil)
    case .adopt(let epoch): return claim(adopting: epoch)
    }
  }

  // MARK: A replica that ends

  /// What is nobody's begins where calls are taken.
  private mutating func passOn() -> Action {
    guard isLeaving, !onlyFinds else { return .nobody }
    attempts += 1
    return attempts > Self.maximumAttempts ? Self.leaving : .pass
  }

  private static let leaving = Action.fail("the server is shutting down")

  /// The RPC is handed on to this replica, which may begin the conversation.
  public mutating func passed(to record: OwnershipRecord) -> Action {
    isRemembered = true
    phase = .relaying(record)
    return .relay(record)
  }

  /// There is none that takes calls.
  public func nobodyTakes() -> Action { Self.leaving }

  // MARK: The store

  /// What the store said to the claim, however late.
  public mutating func claimed(_ answer: Result<ClaimAnswer, OwnershipStoreError>) -> Action? {
    switch phase {
    case .claiming(_, let isAsking): return claimed(answer, isAsking)
    case .relaying:
      // Another said that it has the conversation, before the store did.
      switch answer {
      case .success(.own), .success(.over): return .release
      default: return nil
      }
    case .unowned, .doubted: return claimedLate(answer)
    case .settled: return nil
    }
  }

  private mutating func claimed(
    _ answer: Result<ClaimAnswer, OwnershipStoreError>, _ isAsking: Bool
  ) -> Action? {
    switch answer {
    case .success(.own(let record)):
      phase = .settled
      return .serve(epoch: record.epoch, turns: record.turns, isAdopted: record.isAdopted, kept: record.kept)
    case .success(.over):
      phase = .settled
      return .end
    case .success(.nobody):
      if !isLeaving { phase = .settled }
      return passOn()
    case .success(.unknown):
      // It has lost what it was told, or an owner has not told it yet, or there is none.
      phase = .claiming(isAnswered: true, isAsking: isAsking)
      otherwise = .begin
      return isAsking ? nil : askAll() ?? goOn(.begin)
    case .success(.other(let record)):
      // The run before this one, at the same address, is gone.
      if record.owner.address == own.address { return adopt(record) }
      isRemembered = false
      return relay(record)
    case .failure:
      phase = .claiming(isAnswered: true, isAsking: isAsking)
      return isAsking ? nil : askAll() ?? goOnUnowned()
    }
  }

  /// The claim is not answered after ``slowness``.
  public mutating func claimIsSlow() -> Action? {
    guard case .claiming(isAnswered: false, isAsking: false) = phase else { return nil }
    return askAll()
  }

  /// Nobody has said whose the conversation is in the time that an RPC waits for that.
  public mutating func claimIsLate() -> Action? {
    guard case .claiming = phase else { return nil }
    if !onlyFinds, case .adopt(let epoch) = otherwise { return goOn(.adopt(epoch)) }
    return goOnUnowned()
  }

  private mutating func goOnUnowned() -> Action {
    if isLeaving, !onlyFinds { return passOn() }
    phase = .unowned
    return onlyFinds ? .nobody : .serve(epoch: 0, turns: 0, isAdopted: false)
  }

  /// The store's word on what is here already.
  private mutating func claimedLate(_ answer: Result<ClaimAnswer, OwnershipStoreError>) -> Action? {
    switch answer {
    case .success(.own(let record)), .success(.over(let record)):
      phase = .settled
      return .confirm(epoch: record.epoch)
    case .success(.other(let record)):
      attempts += 1
      guard attempts <= Self.maximumAttempts else { return nil }
      phase = .doubted(record)
      return .ask(record.owner)
    case .success(.unknown):
      otherwise = .begin
      return isAsked ? nil : beginLate()
    case .success(.nobody), .failure: return nil
    }
  }

  /// What is here without the store's word is to have it: neither the store nor another knows anything of it.
  private mutating func beginLate() -> Action? {
    guard otherwise == .begin else { return nil }
    otherwise = nil
    return onlyFinds || isLeaving ? nil : .claim(adopting: nil, onlyFinds: false)
  }

  // MARK: Other replicas

  /// Whoever has the conversation that an RPC belongs to knows it.
  private mutating func askAll() -> Action? {
    guard !hasAsked, kind != .start, case .claiming(let isAnswered, _) = phase else { return nil }
    (hasAsked, isAsked) = (true, true)
    phase = .claiming(isAnswered: isAnswered, isAsking: true)
    return .ask(nil)
  }

  /// What the replicas said that were asked, however late.
  public mutating func answered(_ found: Found) -> Action? {
    if case .doubted = phase {} else { isAsked = false }
    switch (phase, found) {
    case (.claiming, .has(let record)):
      isRemembered = false
      return relay(record)
    case (.claiming(isAnswered: true, _), _): return otherwise.map { goOn($0) } ?? goOnUnowned()
    case (.claiming(isAnswered: false, _), _):
      phase = .claiming(isAnswered: false, isAsking: false)
      return nil
    case (.unowned, .has(let record)): return handOver(to: record)
    case (.doubted(let said), .has(var record)):
      // It may not have heard yet what the store has said.
      record.epoch = max(record.epoch, said.epoch)
      return handOver(to: record)
    case (.doubted(let record), .hasNot):
      phase = .unowned
      return onlyFinds ? nil : .claim(adopting: record.epoch, onlyFinds: false)
    case (.doubted, .unreachable):
      // It is left to the renewal of records.
      phase = .unowned
      return nil
    case (.unowned, _): return beginLate()
    case (.relaying, _), (.settled, _): return nil
    }
  }

  private mutating func handOver(to record: OwnershipRecord) -> Action? {
    attempts += 1
    guard attempts <= Self.maximumAttempts else { return nil }
    isRemembered = false
    phase = .relaying(record)
    return .handOver(record)
  }

  /// The owner did not accept the RPC.
  public mutating func relayFailed(_ why: RelayFailure) -> Action {
    guard case .relaying(let relayed) = phase else { return claim(adopting: nil) }
    switch why {
    case .notOwner where isRemembered:
      // What was remembered is old; the store knows more.
      isRemembered = false
      return claim(adopting: nil)
    case .notOwner, .otherIncarnation: return adopt(relayed)
    case .unreachable where isLeaving && isRemembered && relayed.epoch == 0: return passOn()
    case .unreachable: return onlyFinds ? .nobody : .askLease(relayed.owner)
    case .refused: return .fail("the conversation's server does not accept this one")
    }
  }

  /// Whether the owner's lease is running.
  public mutating func leaseAnswered(_ answer: Result<Bool, OwnershipStoreError>, now: Duration) -> Action {
    guard case .relaying(let relayed) = phase else { return claim(adopting: nil) }
    switch answer {
    case .success(false): return adopt(relayed)
    case .success(true), .failure:
      guard now < limit else { return .fail("the conversation's server does not answer") }
      return .wait(Self.leaseInterval)
    }
  }

  /// The time is over: an owner whose lease runs on may have come back meanwhile.
  public mutating func waited() -> Action {
    guard case .relaying(let relayed) = phase else { return claim(adopting: nil) }
    looks += 1
    // Those that are left are for who has it by then.
    if looks.isMultiple(of: 10), attempts + 3 < Self.maximumAttempts { return relay(relayed) }
    return .askLease(relayed.owner)
  }
}
