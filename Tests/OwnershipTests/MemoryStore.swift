import Locking

@testable import Ownership

/// A store in memory with the rules of the real one: what is asked is answered at once, at a later moment, or not at
/// all.
final class MemoryStore: OwnershipStore {
  struct Content: Sendable {
    var records: [String: OwnershipRecord] = [:]
    /// Replicas whose leases are running.
    var living: Set<Replica> = []
    var trouble: OwnershipStoreError?
    var operations = 0
    /// With which epoch owners have ended conversations.
    var ended: [String: UInt64] = [:]
    /// Grows when a test exchanges what is known.
    var generation = 0
    /// What happens when a renewal has been carried out, and its answer is on its way.
    var afterRenewal: (@Sendable () -> Void)?
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
        if claim.onlyFinds { return content.ended[claim.key] == nil ? .unknown : .nobody }
        if known == nil, !claim.mayBegin { return .unknown }
        let ended = content.ended.removeValue(forKey: claim.key)
        var made = OwnershipRecord(
          owner: claim.claimant, epoch: max(known?.epoch ?? 0, claim.adopting ?? 0, ended ?? 0) + 1,
          agent: claim.agent, turns: known?.turns ?? 0, kept: known?.kept ?? "")
        made.isAnew = ended != nil
        content.records[claim.key] = made
        return .own(made)
      })
  }

  func renew(
    _ records: [(key: String, record: OwnershipRecord)], fencing: Bool, within: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void
  ) {
    let renewed: Result<[OwnershipRecord?], OwnershipStoreError> = answer { content in
      records.map { key, record in
        if content.records[key] == nil, record.epoch > 0, content.ended[key] ?? 0 > record.epoch { return nil }
        if let known = content.records[key], known.owner != record.owner, known.epoch >= record.epoch { return known }
        var record = record
        let known = content.records[key].map { $0.owner == record.owner ? $0.epoch : 0 }
        let ended = content.ended.removeValue(forKey: key)
        record.epoch = max(record.epoch, known ?? (record.epoch == 0 ? (ended ?? 0) + 1 : 0), 1)
        if fencing { record.epoch += 1 }
        content.records[key] = record
        return record
      }
    }
    content.withLock { $0.afterRenewal }?()
    done(renewed)
  }

  func release(_ key: String, by owner: Replica) {
    content.withLock { content in
      guard let record = content.records[key], record.owner == owner else { return }
      content.records[key] = nil
      content.ended[key] = record.epoch
    }
  }

  var generation: Int { content.withLock { $0.generation } }

  /// Another server has taken over, which knows nothing.
  func failOver() {
    content.withLock { content in
      (content.records, content.ended, content.living) = ([:], [:], [])
      content.generation += 1
    }
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
