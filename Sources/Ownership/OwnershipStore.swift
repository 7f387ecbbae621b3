/// The store did not do what it was asked for: it cannot be reached, is too slow, or answers with an error.
public struct OwnershipStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, for the operator.
  public var description: String

  /// An error.
  public init(_ description: String) { self.description = description }
}

/// Where replicas agree on who has which conversation. It is a hint that expires by itself: what it says is checked
/// with the owner, and what is lost in it costs a relay or a resumed call.
///
/// Every function calls back exactly once, on any thread, at the latest when `within` is over.
public protocol OwnershipStore: Sendable {
  /// Finds the owner of a conversation or makes the claimant it, in one step.
  func claim(
    _ claim: OwnershipClaim, within: Duration,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void)

  /// Keeps the records of these conversations from expiring, in one batch. The answer has for each, in order, the
  /// record that is in force now: the renewed one, with its epoch, or that of another owner who has it since; `nil`
  /// where such an owner has ended it. With `fencing` what is renewed has the next epoch, in the same step: who has
  /// found the owner gone with the epoch before cannot adopt the conversation any more.
  func renew(
    _ records: [(key: String, record: OwnershipRecord)], fencing: Bool, within: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void)

  /// The conversation is over, if it is still this replica's.
  func release(_ key: String, by owner: Replica)

  /// Nobody has the conversation from now on, if it is still that replica's: the next who claims it goes on with it, with
  /// the next epoch, and the record's turns and what is kept there.
  func handOut(_ key: String, _ record: OwnershipRecord)

  /// The replica lives, for the time of `lease`.
  func beat(
    _ replica: Replica, lease: Duration, within: Duration,
    _ done: @escaping @Sendable (Result<Void, OwnershipStoreError>) -> Void)

  /// Whether the lease of a replica is still running.
  func isAlive(
    _ replica: Replica, within: Duration, _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void)

  /// The replica ends in order: its lease is over now.
  func leave(_ replica: Replica)

  /// Grows each time that the store is reached anew: it may have forgotten what it was told before.
  var generation: Int { get }
}

extension OwnershipStore {
  /// Forgets it: the next owner knows nothing of its epoch.
  public func handOut(_ key: String, _ record: OwnershipRecord) { release(key, by: record.owner) }

  /// It forgets nothing.
  public var generation: Int { 0 }
}
