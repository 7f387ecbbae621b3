public import Basics
import Locking
public import Logging

/// Keys as the issuers publish them, kept in memory: fetched once for any number of calls that wait, refreshed in the
/// background, kept while an issuer fails (see ``KeySetTiming``).
public final class RemoteKeySource: KeySource {
  /// How many calls may wait for one issuer's keys.
  public static let maximumWaiters = 4_096

  /// What is known of one issuer's keys.
  public struct Status: Sendable, Hashable {
    /// The issuer.
    public let issuer: String
    /// How many keys are in use; 0 while there are none.
    public let keys: Int
    /// How many entries of the last key set could not be used.
    public let droppedKeys: Int
    /// How long ago the keys were fetched; nil while there are none.
    public let age: Duration?
    /// Fetches that were started.
    public let fetches: Int
    /// Fetches that failed, of all.
    public let failedFetches: Int
    /// Fetches that failed since the last that did not.
    public let failures: Int
    /// Why the last fetch failed, if it did.
    public let lastFailure: KeySetFetchError?
  }

  private struct State {
    var cached: CachedKeySet
    var fetch: Task<Void, Never>?
    var waiters = 0
  }

  private final class Entry: Sendable {
    let issuer: TrustedIssuer
    let state: Locked<State>

    init(issuer: TrustedIssuer, timing: KeySetTiming) {
      self.issuer = issuer
      state = Locked(State(cached: CachedKeySet(timing: timing)))
    }
  }

  private struct Table {
    /// In the configuration's order.
    var entries: [Entry]
    var byIssuer: [String: Entry]

    init(_ entries: [Entry]) {
      self.entries = entries
      byIssuer = Dictionary(entries.map { ($0.issuer.issuer, $0) }, uniquingKeysWith: { first, _ in first })
    }
  }

  private let table: Locked<Table>
  private let timing: KeySetTiming
  private let fetcher: any KeySetFetcher
  private let now: @Sendable () -> Duration
  private let logger: Logger
  private let outage = Locked(KeySetOutage())

  /// A source for these issuers. Nothing is fetched before it is asked for or ``run()`` begins.
  public init(
    issuers: [TrustedIssuer], fetcher: any KeySetFetcher = CurlKeySetFetcher(), timing: KeySetTiming = KeySetTiming(),
    now: @escaping @Sendable () -> Duration = MonotonicClock.now, logger: Logger = Logger(label: "identity")
  ) {
    table = Locked(Table(issuers.map { Entry(issuer: $0, timing: timing) }))
    self.timing = timing
    self.fetcher = fetcher
    self.now = now
    self.logger = logger
  }

  /// Trusts these issuers from now on. Those that stay keep the keys they have; those that go take their keys with them.
  ///
  /// New ones are fetched when they are first asked for, or by ``refresh()``.
  public func replace(issuers: [TrustedIssuer]) {
    table.withLock { table in
      table = Table(
        issuers.map { issuer in
          if let entry = table.byIssuer[issuer.issuer], entry.issuer == issuer { return entry }
          return Entry(issuer: issuer, timing: timing)
        })
    }
    outage.withLock { $0.forget(except: Set(issuers.map(\.issuer))) }
  }

  private var entries: [Entry] { table.withLock { $0.entries } }

  private func entry(of issuer: String) -> Entry? { table.withLock { $0.byIssuer[issuer] } }

  /// What is known now; starts a fetch in the background if one is due. No lock is held for longer than a look into memory.
  public func lookup(issuer: String, keyID: String) -> KeyLookup {
    guard let entry = entry(of: issuer) else { return .unknown }
    return ask(entry, keyID).lookup
  }

  /// What is known once the fetch has ended that the key has to wait for.
  public func fetch(issuer: String, keyID: String) async -> KeyLookup {
    guard let entry = entry(of: issuer) else { return .unknown }
    let (lookup, fetch) = ask(entry, keyID)
    guard case .pending = lookup else { return lookup }
    let mayWait = entry.state.withLock { state in
      guard state.waiters < Self.maximumWaiters else { return false }
      state.waiters += 1
      return true
    }
    guard mayWait else { return .unavailable }
    await fetch?.value
    return entry.state.withLock { state in
      state.waiters -= 1
      return state.cached.known(keyID: keyID, now: now())
    }
  }

  /// Fetches every issuer's keys and keeps them fresh until the task is cancelled.
  public func run() async {
    while !Task.isCancelled {
      await refresh()
      let next = entries.map { $0.state.withLock { $0.cached.dueAt } }.min() ?? .seconds(3_600)
      try? await Task.sleep(for: min(max(next - now(), .milliseconds(200)), .seconds(60)))
    }
  }

  /// Fetches the keys that are due, all issuers at once, and waits for all fetches under way.
  public func refresh() async {
    let fetches = entries.compactMap { entry in
      entry.state.withLock { state -> Task<Void, Never>? in
        if state.cached.startIfDue(now: now()) { state.fetch = start(entry) }
        return state.cached.isFetching ? state.fetch : nil
      }
    }
    for fetch in fetches { await fetch.value }
  }

  /// What is known of each issuer, in the configuration's order.
  public var status: [Status] {
    let now = now()
    return entries.map { entry in
      entry.state.withLock { state in
        let keys = state.cached.usableKeys(now: now)
        return Status(
          issuer: entry.issuer.issuer, keys: keys?.count ?? 0, droppedKeys: state.cached.keys?.dropped.count ?? 0,
          age: keys == nil ? nil : state.cached.fetchedAt.map { now - $0 }, fetches: state.cached.fetches,
          failedFetches: state.cached.failedFetches, failures: state.cached.failures,
          lastFailure: state.cached.lastFailure)
      }
    }
  }

  /// Whether any issuer's keys are there: without them every call would be told to try again later.
  public var isReady: Bool {
    let now = now()
    return entries.contains { entry in entry.state.withLock { $0.cached.usableKeys(now: now) != nil } }
  }

  private func ask(_ entry: Entry, _ keyID: String) -> (lookup: KeyLookup, fetch: Task<Void, Never>?) {
    entry.state.withLock { state in
      let (lookup, startsFetch) = state.cached.lookup(keyID: keyID, now: now())
      if startsFetch { state.fetch = start(entry) }
      return (lookup, state.fetch)
    }
  }

  private func start(_ entry: Entry) -> Task<Void, Never> {
    Task {
      let result: Result<KeySet, KeySetFetchError>
      var maximumAge: Duration?
      do throws(KeySetFetchError) {
        let document = try await fetcher.fetch(entry.issuer)
        maximumAge = document.maximumAge
        do throws(KeySet.FormatError) { result = .success(try KeySet(parsing: document.bytes)) } catch {
          result = .failure(.malformed(error))
        }
      } catch { result = .failure(error) }
      let failure = entry.state.withLock { [maximumAge] state in
        state.cached.finish(result, maximumAge: maximumAge, now: now(), random: .random(in: 0...1))
        state.fetch = nil
        return state.cached.lastFailure
      }
      report(entry, result, failure)
    }
  }

  private func report(
    _ entry: Entry, _ result: Result<KeySet, KeySetFetchError>, _ failure: KeySetFetchError?
  ) {
    if case .success(let set) = result {
      for key in set.dropped {
        logger.warning(
          "a key of the key set is not used",
          metadata: ["issuer": "\(entry.issuer.issuer)", "index": "\(key.index)", "reason": "it \(key.defect)"])
      }
    }
    if let failure {
      let isFirst = outage.withLock { $0.note(entry.issuer.issuer, "\(failure)") }
      guard isFirst else { return }
      // Issuers fail together where the network does: what one warning can say is not said by each of them.
      Task { [self] in
        try? await Task.sleep(for: KeySetOutage.gathering)
        tell()
      }
    } else {
      outage.withLock { $0.ended(entry.issuer.issuer) }
    }
  }

  private func tell() {
    guard let failed = outage.withLock({ $0.tell(now: now()) }) else { return }
    logger.warning(
      "keys could not be fetched; keys that are there stay in use, and it is tried again",
      metadata: [
        "issuers": "\(failed.map(\.issuer).joined(separator: ", "))",
        "reasons": "\(Set(failed.map(\.reason)).sorted().joined(separator: "; "))",
      ])
  }
}
