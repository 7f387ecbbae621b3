public import Basics
import Locking
public import Logging
import Metrics
public import RedisClient
public import TokenVerification

/// Tells the other servers what this one has, and learns what they have: one pipelined batch, at least twice a second.
public final class ReplicaExchange: Sendable {
  /// What joins the exchange with the server.
  public struct Parts: Sendable {
    /// What this server tells of itself, now.
    public var report: @Sendable () -> ReplicaReport
    /// Puts what operators revoked at any server in force; all of it each time.
    public var revoke: @Sendable (Set<ClaimPolicy.RevokedNonce>) -> Void

    /// The parts.
    public init(
      report: @escaping @Sendable () -> ReplicaReport,
      revoke: @escaping @Sendable (Set<ClaimPolicy.RevokedNonce>) -> Void
    ) {
      self.report = report
      self.revoke = revoke
    }
  }

  /// Time between two exchanges at most.
  static let pace = Duration.milliseconds(450)
  /// Time between two exchanges at least.
  static let rest = Duration.milliseconds(50)
  /// Time for each.
  static let limit = Duration.milliseconds(400)
  /// Time between two readings of all revocations.
  static let completeness = Duration.seconds(10)
  /// Milliseconds of Redis's clock of which revocations are read again: it may have gone back.
  static let overlap: Int64 = 60_000
  /// Revocations that are told at once.
  static let maximumTold = 1_000

  private struct State {
    var limits = SharedLimits()
    var list: ReplicaList?
    var known = KnownServers()
    var readAt = Duration.zero
    var feed = RevocationFeed<ClaimPolicy.RevokedNonce>()
    var connections = 0
    var revocationsReadAt: Duration?
  }

  private let redis: RedisConnection
  private let parts: Parts
  private let log: Logger
  private let now: @Sendable () -> Duration
  private let state = Locked(State())
  private let isWanted = Awaited(false)
  private let metrics = ExchangeMetrics()

  /// An exchange that ``run()`` carries on.
  public init(
    over redis: RedisConnection, _ parts: Parts, log: Logger,
    now: @escaping @Sendable () -> Duration = MonotonicClock.now
  ) {
    self.redis = redis
    self.parts = parts
    self.log = log
    self.now = now
  }

  // MARK: What others ask

  /// How many conversations of an organization this server may have now. From any thread; waits for nothing.
  public func ceiling(of organization: String, own: Int, limit: Int) -> Int {
    let now = now()
    let (ceiling, readsFrom) = state.withLock { $0.limits.ceiling(of: organization, limit: limit, now: now) }
    if own + 1 >= readsFrom, !isWanted.withLock({ $0 }) { isWanted.change { $0 = true } }
    return ceiling
  }

  /// The servers, with this one, and how old the list is; `nil` where none was read yet.
  public var list: (list: ReplicaList, age: Duration)? {
    let now = now()
    return state.withLock { state in state.list.map { ($0, now - state.readAt) } }
  }

  /// The servers that live, with this one, and those that were missing from the list a moment ago; whether they are on
  /// it.
  public var known: [(report: ReplicaReport, isListed: Bool)] {
    state.withLock { $0.known.all }
  }

  /// Why the others are not known, in words; `nil` while they are.
  public var trouble: String? {
    let now = now()
    if state.withLock({ $0.limits.isCurrent(now: now) }) { return nil }
    if case .unreachable(let reason) = redis.state { return RedisError.unreachable(reason).description }
    return RedisError.timeout.description
  }

  /// This server's operator has revoked something: the others learn of it with the next exchange, which is soon. False
  /// where Redis is not there: then they learn of it when it is.
  public func revoke(_ nonce: ClaimPolicy.RevokedNonce) -> Bool {
    state.withLock { $0.feed.revoke(nonce) }
    isWanted.change { $0 = true }
    return redis.state.isConnected
  }

  // MARK: The exchange

  /// Goes on until the task is cancelled, then takes this server off the list.
  public func run() async {
    while !Task.isCancelled {
      await exchange()
      try? await Task.sleep(for: Self.rest)
      _ = await isWanted.first(within: Self.pace) { isWanted -> Bool? in
        guard isWanted else { return nil }
        isWanted = false
        return true
      }
    }
    let field = parts.report().id
    _ = await redis.send(RedisCommand("HDEL", .text(SharingScripts.replicas), .text(field)), within: Self.limit)
  }

  /// Tells and learns once.
  func exchange() async {
    let report = parts.report()
    async let told: Void = tell(report)
    async let learned: Void = shareRevocations()
    _ = await (told, learned)
    metrics.show(list?.list, isCurrent: trouble == nil)
  }

  private func tell(_ report: ReplicaReport) async {
    let answer = await redis.run(
      SharingScripts.tell, key: SharingScripts.replicas, [.text(report.id), .bytes(report.encoded)],
      within: Self.limit)
    guard case .success(let value) = answer, var list = ReplicaList(value) else {
      return metrics.failed(answer)
    }
    list = ReplicaList(time: list.time, replicas: list.replicas + [ListedReplica(report, age: .zero)])
    let now = now()
    state.withLock { state in
      state.limits.read(list.reading(own: report), now: now)
      state.list = list
      state.known.read(list, now: now)
      state.readAt = now
    }
    metrics.done.increment()
  }

  // MARK: Revocations

  private func shareRevocations() async {
    let now = now()
    let connections = redis.connections
    guard redis.state.isConnected else { return }
    let (toTell, from) = state.withLock { state in
      if state.connections != connections {
        state.connections = connections
        state.feed.reconnected(now: now)
        state.revocationsReadAt = nil
      }
      let isComplete = state.revocationsReadAt.map { now - $0 < Self.completeness } ?? false
      let from = isComplete ? (state.list?.time ?? 0) - Self.overlap : 0
      return (Array(state.feed.toTell.prefix(Self.maximumTold)), max(0, from))
    }
    if !toTell.isEmpty { await tell(toTell) }
    let start = from == 0 ? "-inf" : String(from)
    let answer = await redis.send(
      RedisCommand("ZRANGEBYSCORE", .text(SharingScripts.revocations), .text(start), "+inf"), within: Self.limit)
    guard case .success(.array(let values)) = answer else { return metrics.failed(answer) }
    let entries = Set(values.compactMap { ClaimPolicy.RevokedNonce(shared: $0) })
    let effective: Set<ClaimPolicy.RevokedNonce>? = state.withLock { state in
      if from == 0 { state.revocationsReadAt = now }
      let isNew =
        from == 0 ? state.feed.read(all: entries, now: now) : state.feed.read(latest: entries, now: now)
      return isNew ? state.feed.entries : nil
    }
    guard let effective else { return }
    log.notice("revocations of all servers are in force", metadata: ["count": "\(effective.count)"])
    parts.revoke(effective)
  }

  private func tell(_ nonces: [ClaimPolicy.RevokedNonce]) async {
    let answer = await redis.run(
      SharingScripts.revoke, key: SharingScripts.revocations, nonces.map { .text($0.shared) }, within: Self.limit)
    guard case .success(let value) = answer, let count = value.integer else { return metrics.failed(answer) }
    guard count >= 0 else {
      log.error(
        "a revocation is not told to the other servers: Redis has as many as may be; remove old ones from it",
        metadata: ["key": "\(SharingScripts.revocations)", "most": "\(RevocationFeed<String>.maximum)"])
      return
    }
    state.withLock { $0.feed.told(Set(nonces)) }
  }
}

extension ClaimPolicy.RevokedNonce {
  /// As it is kept in Redis.
  fileprivate var shared: String { "\(organization) \(nonce)" }

  fileprivate init?(shared value: RESPValue) {
    guard let bytes = value.bytes, bytes.count <= 600, let text = String(validating: bytes, as: UTF8.self) else {
      return nil
    }
    let words = text.split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { return nil }
    self.init(organization: words[0].lowercased(), nonce: String(words[1]))
  }
}
