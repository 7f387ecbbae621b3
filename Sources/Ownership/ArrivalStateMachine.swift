/// Finds out what is to be done with an RPC of a conversation that this replica does not have: serve it here, hand it on
/// to the owner, or take the conversation over from an owner that is dead.
///
/// A pure value: answers and a clock come in, one action goes out at a time.
public struct ArrivalStateMachine: Sendable {
  /// What to do next.
  public enum Action: Sendable, Equatable {
    /// Ask the store: ``claimed(_:now:)`` is to follow. With an epoch, its owner is known to be gone.
    case claim(adopting: UInt64?, onlyFinds: Bool)
    /// Hand the RPC on: ``relayFailed(_:now:)`` is to follow where the owner does not accept it.
    case relay(OwnershipRecord)
    /// Ask the store whether a replica's lease is running: ``leaseAnswered(_:now:)`` is to follow.
    case askLease(Replica)
    /// Let time pass, then call ``waited(now:)``.
    case wait(Duration)
    /// The conversation is this replica's: begin it. Epoch 0: nobody was told, the store does not answer.
    case serve(epoch: UInt64, turns: Int, isAdopted: Bool)
    /// Nobody has the conversation, and it may not begin with this RPC.
    case nobody
    /// The RPC cannot be served, for this reason.
    case fail(String)
  }

  /// Why an owner did not accept an RPC.
  public enum RelayFailure: String, Sendable {
    /// It cannot be reached, or says nothing.
    case unreachable
    /// It does not have the conversation.
    case notOwner = "not-owner"
    /// Another run of the server is at its address.
    case otherIncarnation = "other-incarnation"
    /// It does not accept this replica: another secret, another version.
    case refused
  }

  /// How many times an RPC is handed on or claimed, before it is given up.
  private static let maximumAttempts = 4
  /// Time between two looks at the lease of an owner that does not answer.
  public static let leaseInterval = Duration.milliseconds(100)
  /// Time beyond a lease in which an owner's fate has to be settled.
  private static let margin = Duration.seconds(2)

  private let own: Replica
  private let onlyFinds: Bool
  private let limit: Duration
  private var relayed: OwnershipRecord?
  private var attempts = 0
  /// Whether the owner was asked for the conversation by what was remembered, and not by what the store says.
  private var isRemembered = false
  private var looks = 0

  /// - Parameters:
  ///   - own: this replica.
  ///   - onlyFinds: whether the RPC cannot begin a conversation: a hang-up.
  ///   - lease: of replicas.
  ///   - now: the monotonic clock.
  public init(own: Replica, onlyFinds: Bool, lease: Duration, now: Duration) {
    self.own = own
    self.onlyFinds = onlyFinds
    limit = now + lease + Self.margin
  }

  /// The first action; `remembered` is who was the owner when it was last asked.
  public mutating func begin(remembered: OwnershipRecord?) -> Action {
    guard let remembered, remembered.owner != own else { return claim(adopting: nil) }
    isRemembered = true
    return relay(remembered)
  }

  private func claim(adopting epoch: UInt64?) -> Action { .claim(adopting: epoch, onlyFinds: onlyFinds) }

  private mutating func relay(_ record: OwnershipRecord) -> Action {
    attempts += 1
    guard attempts <= Self.maximumAttempts else { return .fail("the conversation's server is not to be found") }
    relayed = record
    return .relay(record)
  }

  /// What the store said to the claim.
  public mutating func claimed(_ answer: Result<ClaimAnswer, OwnershipStoreError>, now: Duration) -> Action {
    switch answer {
    case .success(.own(let record)):
      return .serve(epoch: record.epoch, turns: record.turns, isAdopted: record.epoch > 1)
    case .success(.nobody): return .nobody
    case .success(.other(let record)):
      // The run before this one, at the same address, is gone.
      if record.owner.address == own.address { return adopt(record) }
      isRemembered = false
      return relay(record)
    case .failure: return onlyFinds ? .nobody : .serve(epoch: 0, turns: 0, isAdopted: false)
    }
  }

  private mutating func adopt(_ record: OwnershipRecord) -> Action {
    attempts += 1
    guard attempts <= Self.maximumAttempts else { return .fail("the conversation's server is not to be found") }
    if onlyFinds { return .nobody }
    relayed = nil
    return .claim(adopting: record.epoch, onlyFinds: false)
  }

  /// The owner did not accept the RPC.
  public mutating func relayFailed(_ why: RelayFailure, now: Duration) -> Action {
    guard let relayed else { return claim(adopting: nil) }
    switch why {
    case .notOwner where isRemembered:
      // What was remembered is old; the store knows more.
      self.relayed = nil
      isRemembered = false
      return claim(adopting: nil)
    case .notOwner, .otherIncarnation: return adopt(relayed)
    case .unreachable: return onlyFinds ? .nobody : .askLease(relayed.owner)
    case .refused: return .fail("the conversation's server does not accept this one")
    }
  }

  /// Whether the owner's lease is running.
  public mutating func leaseAnswered(_ answer: Result<Bool, OwnershipStoreError>, now: Duration) -> Action {
    guard let relayed else { return claim(adopting: nil) }
    switch answer {
    case .success(false): return adopt(relayed)
    case .success(true), .failure:
      guard now < limit else { return .fail("the conversation's server does not answer") }
      return .wait(Self.leaseInterval)
    }
  }

  /// The time is over: an owner whose lease runs on may have come back meanwhile.
  public mutating func waited(now: Duration) -> Action {
    guard let relayed else { return claim(adopting: nil) }
    looks += 1
    if looks.isMultiple(of: 10), attempts + 1 < Self.maximumAttempts { return relay(relayed) }
    return .askLease(relayed.owner)
  }
}
