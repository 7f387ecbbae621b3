import Locking

@testable import Ownership

/// A store in memory with the rules of the real one: what is asked is answered at once, at a later moment, or not at all.
final class MemoryStore: OwnershipStore {
  struct Content: Sendable {
    var records: [String: OwnershipRecord] = [:]
    /// Replicas whose leases are running.
    var living: Set<Replica> = []
    var trouble: OwnershipStoreError?
    var operations = 0
  }

  let content = Locked(Content())

  var trouble: OwnershipStoreError? {
    get { content.withLock { $0.trouble } }
    set { content.withLock { $0.trouble = newValue } }
  }

  subscript(key: String) -> OwnershipRecord? {
    get { content.withLock { $0.records[key] } }
    set { content.withLock { $0.records[key] = newValue } }
  }

  private func answer<Value>(_ body: (inout Content) -> Value) -> Result<Value, OwnershipStoreError> {
    content.withLock { content in
      content.operations += 1
      if let trouble = content.trouble { return .failure(trouble) }
      return .success(body(&content))
    }
  }

  func claim(
    _ claim: OwnershipClaim, within: Duration,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void
  ) {
    done(
      answer { content in
        let known = content.records[claim.key]
        if let known {
          if known.owner == claim.claimant { return .own(known) }
          if known.epoch != claim.adopting { return .other(known) }
        }
        if claim.onlyFinds { return .nobody }
        let made = OwnershipRecord(
          owner: claim.claimant, epoch: max(known?.epoch ?? 0, claim.adopting ?? 0) + 1, agent: claim.agent,
          turns: known?.turns ?? 0)
        content.records[claim.key] = made
        return .own(made)
      })
  }

  func renew(
    _ records: [(key: String, record: OwnershipRecord)], within: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord], OwnershipStoreError>) -> Void
  ) {
    done(
      answer { content in
        records.map { key, record in
          if let known = content.records[key], known.owner != record.owner, known.epoch >= record.epoch { return known }
          var record = record
          record.epoch = max(record.epoch, content.records[key].map { $0.owner == record.owner ? $0.epoch : 0 } ?? 0, 1)
          content.records[key] = record
          return record
        }
      })
  }

  func release(_ key: String, by owner: Replica) {
    content.withLock { if $0.records[key]?.owner == owner { $0.records[key] = nil } }
  }

  func beat(
    _ replica: Replica, lease: Duration, within: Duration,
    _ done: @escaping @Sendable (Result<Void, OwnershipStoreError>) -> Void
  ) { done(answer { $0.living.insert(replica) }.map { _ in }) }

  func isAlive(
    _ replica: Replica, within: Duration, _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void
  ) { done(answer { $0.living.contains(replica) }) }

  func leave(_ replica: Replica) { content.withLock { _ = $0.living.remove(replica) } }
}
