/// When key sets are fetched. All on the monotonic clock.
public struct KeySetTiming: Sendable, Hashable {
  /// How old a key set may become before it is fetched again in the background; a tenth more or less at random.
  public var refreshInterval: Duration = .seconds(300)
  /// The least time between two fetches of one issuer that unknown key ids ask for.
  public var unknownKeyInterval: Duration = .seconds(30)
  /// How long keys serve while they cannot be fetched again.
  public var maximumAge: Duration = .seconds(86_400)
  /// The wait after a first failed fetch; it doubles with every further one.
  public var firstRetry: Duration = .seconds(1)
  /// The longest wait between failed fetches.
  public var longestRetry: Duration = .seconds(300)
  /// The longest wait that an issuer's `Retry-After` is followed for.
  public var longestRetryAfter: Duration = .seconds(600)

  /// The usual times.
  public init() {}
}
