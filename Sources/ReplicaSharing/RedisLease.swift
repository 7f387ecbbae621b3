public import Basics
public import DataSources
import Locking
public import RedisClient

/// The lease in Redis, instead of a file on shared storage: the same content, read and replaced in one step only where
/// it is still what was read.
///
/// What this server has seen last counts where Redis has less: a Redis that lost its memory, or a copy that took over
/// without the latest, gives the lease to nobody before it would have ended.
public final class RedisLease: RenewalLease {
  static let key = "patchbay:lease:data-sources"
  /// Time for each command.
  private static let limit = Duration.seconds(1)
  /// Servers that ask at once cost each other a round.
  private static let rounds = 8
  /// Milliseconds for which Redis keeps a lease that nobody keeps: longer than a nonce in it can be of use.
  private static let memory: Int64 = 7 * 86_400_000

  private let redis: RedisConnection
  private let owner: String
  private let life: Int64
  private let latest = Locked<LeaseStanding?>(nil)

  /// - Parameters:
  ///   - owner: what tells this server from the others, now and when it is started again.
  ///   - life: how long the lease lasts unless it is kept.
  public init(_ redis: RedisConnection, owner: String = LockFileLease.freshOwner(), life: Duration = .seconds(60)) {
    self.redis = redis
    self.owner = owner
    self.life = max(1, life.components.seconds)
  }

  /// Takes, keeps or looks at the lease.
  public func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding {
    let (owner, life) = (owner, life)
    return try await change { before in
      LeaseStanding.asked(before, owner: owner, life: life, notes: notes, now: now)
    }
  }

  /// What was noted last of the registrations, without asking for the lease; nothing where nothing was.
  public func notes(now: Int64) async throws(FileError) -> [RegistrationNote] {
    try await read().standing?.liveNotes(now: now) ?? []
  }

  /// Lets the lease end now, if it is ours.
  public func release(now: Int64) async {
    let owner = owner
    _ = try? await change { before in
      guard var standing = before, standing.owner == owner else { return before }
      standing.isHeld = true
      standing.expires = now
      // Whoever has seen the lease end later learns that this is newer.
      standing.fence &+= 1
      return standing
    }
  }

  /// Replaces what is there by what `body` makes of it, where that is held by us; again where somebody was faster.
  private func change(
    _ body: @Sendable (LeaseStanding?) -> LeaseStanding?
  ) async throws(FileError) -> LeaseStanding {
    var (text, found) = try await read()
    for _ in 0..<Self.rounds {
      guard let standing = body(newer(found)) else { throw error("has no owner") }
      guard standing.isHeld else { return note(standing) }
      let answer = await redis.run(
        SharingScripts.exchange, key: Self.key,
        [.bytes(text), .text(standing.text), .integer(Self.memory)], within: Self.limit)
      switch answer {
      case .success(.integer(1)): return note(standing)
      case .success(.bytes(let other)): (text, found) = (other, LeaseStanding(kept: other))
      case .success: throw error("cannot be read: Redis answers something else")
      case .failure(let failure): throw error("cannot be had: \(failure)")
      }
    }
    throw error("cannot be had: too many servers ask for it at once")
  }

  private func read() async throws(FileError) -> (text: [UInt8], standing: LeaseStanding?) {
    switch await redis.send(RedisCommand("GET", .text(Self.key)), within: Self.limit) {
    case .success(.null): return ([], nil)
    case .success(.bytes(let bytes)): return (bytes, LeaseStanding(kept: bytes))
    case .success: throw error("cannot be read: Redis answers something else")
    case .failure(let failure): throw error("cannot be had: \(failure)")
    }
  }

  /// What was read, or what was seen before where that is later.
  private func newer(_ found: LeaseStanding?) -> LeaseStanding? {
    guard let seen = latest.withLock({ $0 }) else { return found }
    guard let found else { return seen }
    return (found.fence, found.expires) < (seen.fence, seen.expires) ? seen : found
  }

  private func note(_ standing: LeaseStanding) -> LeaseStanding {
    latest.withLock { $0 = standing }
    return standing
  }

  private func error(_ problem: String) -> FileError { FileError("\(redis.address)", problem) }
}
