/// What is known of one issuer's keys and when to fetch them again: a pure state machine. Time is handed in, monotonic,
/// from any origin.
struct CachedKeySet {
  let timing: KeySetTiming
  private(set) var keys: KeySet?
  /// When the keys were last fetched with success.
  private(set) var fetchedAt: Duration?
  private(set) var lastFailure: KeySetFetchError?
  private(set) var isFetching = false
  /// Fetches that failed since the last that did not.
  private(set) var failures = 0
  private(set) var fetches = 0
  /// Fetches that failed, of all.
  private(set) var failedFetches = 0
  /// When the next fetch is due.
  private(set) var dueAt: Duration = .zero
  private var startedAt: Duration?
  /// Until then the issuer has asked to be left alone.
  private var restsUntil: Duration?
  private var absent: AbsentKeys

  init(timing: KeySetTiming) {
    self.timing = timing
    absent = AbsentKeys(interval: timing.unknownKeyInterval)
  }

  /// The keys, unless they are too old to serve.
  func usableKeys(now: Duration) -> KeySet? {
    guard let keys, let fetchedAt, now - fetchedAt < timing.maximumAge else { return nil }
    return keys
  }

  /// What is known of a key, and whether a fetch has to be started now. If so it counts as started.
  mutating func lookup(keyID: String, now: Duration) -> (lookup: KeyLookup, startsFetch: Bool) {
    guard let keys = usableKeys(now: now), let fetchedAt else {
      if isFetching { return (.pending, false) }
      return start(if: isDue(now) || mayAsk(now), now) ? (.pending, true) : (.unavailable, false)
    }
    if let key = keys[keyID] {
      // Nobody asked for so long that the background refresh did not run: a key may have been withdrawn meanwhile.
      if failures == 0, now - fetchedAt >= timing.refreshInterval * 2 {
        return (.pending, start(if: !isFetching, now))
      }
      return (.found(key), start(if: isDue(now) && !isFetching, now))
    }
    if absent.contains(keyID, now: now) { return (.unknown, false) }
    if isFetching { return (.pending, false) }
    // A fetch that is due anyway is not left to the next question for a key that is there.
    if start(if: isDue(now) || mayAsk(now), now) { return (.pending, true) }
    return (missing(keyID), false)
  }

  /// Whether a question that the keys which are there do not answer may have them fetched: once per interval for all such
  /// questions together, which is what a flood of invented ids may cost. The wait between failed fetches of the background
  /// does not count: it grows long in an outage, and would keep new keys out for as long after its end.
  private func mayAsk(_ now: Duration) -> Bool {
    if let restsUntil, now < restsUntil { return false }
    return startedAt.map { now - $0 >= timing.unknownKeyInterval } ?? true
  }

  /// What is known of a key without fetching.
  mutating func known(keyID: String, now: Duration) -> KeyLookup {
    guard let keys = usableKeys(now: now) else { return .unavailable }
    if let key = keys[keyID] { return .found(key) }
    return missing(keyID)
  }

  /// What is known of a key that the keys which are there do not have.
  private mutating func missing(_ keyID: String) -> KeyLookup {
    // While the issuer does not answer, a new key cannot be told from an invented one.
    guard failures == 0 else { return .unavailable }
    absent.insert(keyID)
    return .unknown
  }

  /// Starts the fetch that is due, if one is. Returns whether it has to be carried out now.
  mutating func startIfDue(now: Duration) -> Bool { start(if: isDue(now) && !isFetching, now) }

  /// Ends the fetch. `maximumAge` is for how long the issuer says that its keys may be kept, `random` from 0 to 1.
  mutating func finish(
    _ result: Result<KeySet, KeySetFetchError>, maximumAge: Duration? = nil, now: Duration, random: Double
  ) {
    isFetching = false
    restsUntil = nil
    switch result {
    case .success(let set) where set.count > 0:
      absent.beginGeneration(since: startedAt ?? now)
      keys = set
      fetchedAt = now
      failures = 0
      lastFailure = nil
      dueAt = now + timing.refreshInterval(maximumAge: maximumAge) * (0.9 + 0.2 * random)
    case .success: fail(.noUsableKeys, now, random)
    case .failure(let failure): fail(failure, now, random)
    }
  }

  /// The keys that are there stay: an issuer's fault does not end calls.
  private mutating func fail(_ failure: KeySetFetchError, _ now: Duration, _ random: Double) {
    lastFailure = failure
    failures = min(failures + 1, 32)
    failedFetches += 1
    let doubled = timing.firstRetry * Double(1 << (failures - 1))
    // Without keys no call can be taken, and a server that says so may be sent none that would ask for them.
    let longest =
      usableKeys(now: now) == nil ? min(timing.longestRetry, timing.unknownKeyInterval) : timing.longestRetry
    var wait = min(doubled, longest) * (0.75 + 0.25 * random)
    if case .status(_, let seconds?) = failure {
      let rest = min(.seconds(max(0, seconds)), timing.longestRetryAfter)
      restsUntil = now + rest
      wait = max(wait, rest)
    }
    dueAt = now + wait
  }

  private func isDue(_ now: Duration) -> Bool { now >= dueAt }

  private mutating func start(if condition: Bool, _ now: Duration) -> Bool {
    guard condition else { return false }
    isFetching = true
    startedAt = now
    fetches += 1
    return true
  }
}
