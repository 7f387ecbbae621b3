import CProcessTable

/// Ownership among the processes of one server, in the memory that they share. It answers at once, on the caller's
/// thread.
///
/// A process that has ended leaves its records for those who adopt its conversations: who claims one of them has it.
public final class SharedOwnershipStore: OwnershipStore {
  private let processes: ProcessTable

  /// A store over a table.
  public init(_ processes: ProcessTable) { self.processes = processes }

  private static let unknown = OwnershipStoreError("this is none of the server's processes")

  private static func problem(_ result: Int32) -> OwnershipStoreError {
    OwnershipStoreError(
      Int(result) == PT_FULL
        ? "the processes' table of conversations is full" : "another process holds the table of conversations")
  }

  private func record(of replica: Replica, epoch: UInt64 = 0, turns: Int = 0) -> pt_record? {
    processes.owner(replica).map {
      pt_record(epoch: epoch, generation: $0.generation, process: $0.process, turns: UInt32(clamping: turns))
    }
  }

  private func record(_ found: pt_record, agent: String) -> OwnershipRecord {
    OwnershipRecord(
      owner: processes.replica(Int(found.process), generation: found.generation), epoch: found.epoch, agent: agent,
      turns: Int(found.turns))
  }

  private static func withKey<Result>(_ key: String, _ body: (UnsafeRawPointer?, UInt64) -> Result) -> Result {
    var key = key
    return key.withUTF8 { body($0.baseAddress, UInt64($0.count)) }
  }

  /// One look.
  public func claim(
    _ claim: OwnershipClaim, within: Duration,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void
  ) {
    guard let claimant = record(of: claim.claimant) else { return done(.failure(Self.unknown)) }
    var found = pt_record()
    let result = Self.withKey(claim.key) { key, length in
      pt_claim(processes.table, key, length, claimant, claim.adopting ?? 0, claim.onlyFinds, &found)
    }
    switch Int(result) {
    case PT_OWN: done(.success(.own(record(found, agent: claim.agent))))
    case PT_OTHER: done(.success(.other(record(found, agent: claim.agent))))
    case PT_NOBODY: done(.success(.nobody))
    default: done(.failure(Self.problem(result)))
    }
  }

  /// One look for each. The agent of a record is the caller's word. What was written and is not there was ended by a
  /// later owner, since nothing gets lost here.
  public func renew(
    _ records: [(key: String, record: OwnershipRecord)], fencing: Bool, within: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void
  ) {
    var answers: [OwnershipRecord?] = []
    for (key, renewed) in records {
      guard let own = record(of: renewed.owner, epoch: renewed.epoch, turns: renewed.turns) else {
        return done(.failure(Self.unknown))
      }
      var found = pt_record()
      let result = Self.withKey(key) { pt_renew(processes.table, $0, $1, own, fencing, &found) }
      switch Int(result) {
      case PT_OWN, PT_OTHER: answers.append(record(found, agent: renewed.agent))
      case PT_NOBODY: answers.append(nil)
      default: return done(.failure(Self.problem(result)))
      }
    }
    done(.success(answers))
  }

  /// Forgets the record, where it is the owner's.
  public func release(_ key: String, by owner: Replica) {
    guard let own = record(of: owner) else { return }
    _ = Self.withKey(key) { pt_release(processes.table, $0, $1, own) }
  }

  /// The process lives.
  public func beat(
    _ replica: Replica, lease: Duration, within: Duration,
    _ done: @escaping @Sendable (Result<Void, OwnershipStoreError>) -> Void
  ) {
    guard let own = processes.owner(replica) else { return done(.failure(Self.unknown)) }
    pt_beat(processes.table, own.process)
    done(.success(()))
  }

  /// Whether that run of the process is the present one, and has said lately that it lives.
  public func isAlive(
    _ replica: Replica, within: Duration, _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void
  ) {
    guard let own = processes.owner(replica) else { return done(.failure(Self.unknown)) }
    let isPresent = pt_generation(processes.table, own.process) == own.generation
    done(.success(isPresent && processes.silence(of: Int(own.process)).map { $0 < Self.lease } ?? false))
  }

  /// The lease of every process.
  public static let lease = Duration.seconds(3)

  /// Others learn of it when the process has ended, from the supervisor.
  public func leave(_ replica: Replica) {}
}
