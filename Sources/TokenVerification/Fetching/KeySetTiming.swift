/// When key sets are fetched. All on the monotonic clock.
///
/// An issuer's `Cache-Control` is followed where it asks for fresher keys, not where it would have them kept longer:
/// Webex's says six hours, and a key that is withdrawn has to stop within ten minutes. The times together mean:
///
/// - a new key works within 35 s of its publication: the first token that names it has the keys fetched, at most 30 s
///   after the fetch before, and a fetch takes 5 s at most;
/// - a withdrawn key stops within 335 s, the longest interval and a fetch, as long as the issuer answers; before keys are
///   used that nobody refreshed for two intervals, they are fetched again.
public struct KeySetTiming: Sendable, Hashable {
  /// How old a key set may become before it is fetched again in the background; a tenth more or less at random.
  public var refreshInterval: Duration = .seconds(300)
  /// The shortest such time that an issuer can ask for.
  public var shortestRefreshInterval: Duration = .seconds(60)
  /// The least time between two fetches of one issuer that unknown key ids ask for, and the longest wait between failed
  /// fetches while there are no keys at all.
  public var unknownKeyInterval: Duration = .seconds(30)
  /// How long keys serve while they cannot be fetched again.
  public var maximumAge: Duration = .seconds(86_400)
  /// The wait after a first failed fetch; it doubles with every further one.
  public var firstRetry: Duration = .seconds(1)
  /// The longest wait between failed fetches while there are keys.
  public var longestRetry: Duration = .seconds(300)
  /// The longest wait that an issuer's `Retry-After` is followed for.
  public var longestRetryAfter: Duration = .seconds(600)

  /// The usual times.
  public init() {}

  /// How old keys may become before they are fetched again, where the issuer says how long they may be kept.
  func refreshInterval(maximumAge: Duration?) -> Duration {
    guard let maximumAge else { return refreshInterval }
    return min(max(maximumAge, min(shortestRefreshInterval, refreshInterval)), refreshInterval)
  }
}
