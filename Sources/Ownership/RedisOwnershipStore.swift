import Locking
public import RedisClient

/// Ownership in Redis: a hash for each conversation, and for each replica a key that expires with its lease.
public final class RedisOwnershipStore: OwnershipStore {
  /// How long a record outlasts its last renewal. Far beyond a lease, so that the next owner knows the epoch.
  private static let life: Int64 = 15 * 60 * 1_000
  /// Records that are renewed at once.
  private static let batch = 1_000
  /// How long a release may take: nobody waits for it.
  private static let releaseTime = Duration.seconds(2)

  private let connection: RedisConnection

  /// A store over a connection.
  public init(_ connection: RedisConnection) { self.connection = connection }

  private static func key(of conversation: String) -> String { "patchbay:call:\(conversation)" }
  private static func key(of replica: Replica) -> String { "patchbay:replica:\(replica.address)" }

  /// One script.
  public func claim(
    _ claim: OwnershipClaim, within limit: Duration,
    _ done: @escaping @Sendable (Result<ClaimAnswer, OwnershipStoreError>) -> Void
  ) {
    let arguments: [RedisCommand.Argument] = [
      .text(claim.claimant.address), .text(claim.claimant.incarnation), .text(claim.agent), .integer(Self.life),
      .text(claim.adopting.map(String.init) ?? ""), .text(claim.onlyFinds ? "1" : "0"),
      .text(claim.hangsUp ? "1" : "0"), .text(claim.mayBegin ? "1" : "0"),
    ]
    connection.run(OwnershipScripts.claim, key: Self.key(of: claim.key), arguments, within: limit) { answer in
      done(
        Self.read(answer) { values in
          switch values.first?.integer {
          case 3: return .unknown
          case 2: return .nobody
          case 1:
            let isOver = values.dropFirst(6).first?.text == "1"
            guard var record = OwnershipRecord(values.dropFirst()) else { return nil }
            record.kept = values.dropFirst(7).first?.text ?? ""
            record.isAnew = values.dropFirst(8).first?.text == "1"
            return isOver ? .over(record) : .own(record)
          case 0: return OwnershipRecord(values.dropFirst()).map { .other($0) }
          default: return nil
          }
        })
    }
  }

  /// One script for each record, a thousand at a time.
  public func renew(
    _ records: [(key: String, record: OwnershipRecord)], fencing: Bool, within limit: Duration,
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void
  ) {
    renew(records[...], fencing, limit, []) { done($0) }
  }

  /// One batch after the other, so that those behind do not take the room of claims.
  private func renew(
    _ records: ArraySlice<(key: String, record: OwnershipRecord)>, _ fencing: Bool, _ limit: Duration,
    _ former: [OwnershipRecord?],
    _ done: @escaping @Sendable (Result<[OwnershipRecord?], OwnershipStoreError>) -> Void
  ) {
    let now = records.prefix(Self.batch)
    let later = records.dropFirst(Self.batch)
    guard !now.isEmpty else { return done(.success(former)) }
    let answers = Locked<(left: Int, all: [Result<OwnershipRecord?, OwnershipStoreError>?])>(
      (now.count, Array(repeating: nil, count: now.count)))
    for (index, (key, record)) in now.enumerated() {
      let arguments: [RedisCommand.Argument] = [
        .text(record.owner.address), .text(record.owner.incarnation), .text("\(record.epoch)"), .text(record.agent),
        .text("\(record.turns)"), .integer(Self.life), .integer(fencing ? 1 : 0), .text(record.kept),
      ]
      connection.run(OwnershipScripts.renew, key: Self.key(of: key), arguments, within: limit) { [self] answer in
        let one = Self.read(answer, Self.readRenewal)
        let whole: [Result<OwnershipRecord?, OwnershipStoreError>?]? = answers.withLock { answers in
          answers.all[index] = one
          answers.left -= 1
          return answers.left == 0 ? answers.all : nil
        }
        guard let whole else { return }
        do throws(OwnershipStoreError) {
          var records = former
          for one in whole { if let one { records.append(try one.get()) } }
          renew(later, fencing, limit, records, done)
        } catch { done(.failure(error)) }
      }
    }
  }

  /// What a renewal says: a record, or that there is none any more.
  private static func readRenewal(_ values: [RESPValue]) -> OwnershipRecord?? {
    if values.first?.integer == 2 { return .some(nil) }
    return OwnershipRecord(values.dropFirst()).map { .some($0) }
  }

  /// Deletes the record, where it is the owner's; what is left says that the conversation was there.
  public func release(_ key: String, by owner: Replica) {
    connection.run(
      OwnershipScripts.release, key: Self.key(of: key),
      [.text(owner.address), .text(owner.incarnation), .integer(Self.life)],
      within: Self.releaseTime
    ) { _ in }
  }

  /// Takes the owner out of the record, where that is this one.
  public func handOut(_ key: String, _ record: OwnershipRecord) {
    connection.run(
      OwnershipScripts.handOut, key: Self.key(of: key),
      [
        .text(record.owner.address), .text(record.owner.incarnation), .text("\(record.turns)"), .integer(Self.life),
        .text(record.kept),
      ],
      within: Self.releaseTime
    ) { _ in }
  }

  /// Sets the key that expires with the lease.
  public func beat(
    _ replica: Replica, lease: Duration, within limit: Duration,
    _ done: @escaping @Sendable (Result<Void, OwnershipStoreError>) -> Void
  ) {
    let milliseconds = lease.components.seconds * 1_000 + lease.components.attoseconds / 1_000_000_000_000_000
    let command = RedisCommand(
      "SET", .text(Self.key(of: replica)), .text(replica.incarnation), "PX", .integer(milliseconds))
    connection.send(command, within: limit) { answer in
      done(answer.map { _ in }.mapError { OwnershipStoreError($0.description) })
    }
  }

  /// Whether that key names this run.
  public func isAlive(
    _ replica: Replica, within limit: Duration,
    _ done: @escaping @Sendable (Result<Bool, OwnershipStoreError>) -> Void
  ) {
    connection.send(RedisCommand("GET", .text(Self.key(of: replica))), within: limit) { answer in
      done(
        answer.map { $0.text == replica.incarnation }.mapError { OwnershipStoreError($0.description) })
    }
  }

  /// Deletes that key, where it names this run.
  public func leave(_ replica: Replica) {
    connection.run(
      OwnershipScripts.leave, key: Self.key(of: replica), [.text(replica.incarnation)], within: Self.releaseTime
    ) { _ in }
  }

  /// Each connection may be to another server.
  public var generation: Int { connection.connections }

  /// The values of an array that an answer is.
  private static func read<Value>(
    _ answer: Result<RESPValue, RedisError>, _ make: ([RESPValue]) -> Value?
  ) -> Result<Value, OwnershipStoreError> {
    switch answer {
    case .failure(let error): return .failure(OwnershipStoreError(error.description))
    case .success(let value):
      guard let made = value.array.flatMap(make) else {
        return .failure(OwnershipStoreError("Redis answers what no version of Patchbay has written"))
      }
      return .success(made)
    }
  }
}

extension OwnershipRecord {
  /// Of a script's answer: owner, incarnation, epoch, agent, turns, and what later versions add.
  init?(_ values: ArraySlice<RESPValue>) {
    let texts = values.prefix(5).compactMap(\.text)
    guard texts.count == 5, !texts[0].isEmpty, let epoch = UInt64(texts[2]) else { return nil }
    self.init(
      owner: Replica(address: texts[0], incarnation: texts[1]), epoch: epoch, agent: texts[3],
      turns: Int(texts[4]) ?? 0)
  }
}
