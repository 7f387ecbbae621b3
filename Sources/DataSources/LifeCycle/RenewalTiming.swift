/// When registrations are looked after.
public struct RenewalTiming: Sendable, Hashable {
  /// How long before its end a token is renewed; a life too short for that is renewed at half of it, and no life later
  /// than with a tenth of it left.
  public var renewBefore: Duration = .seconds(3_600)
  /// How often a registration is compared with what it should be.
  public var check: Duration = .seconds(60)
  /// The wait after a first failure; it doubles with every further one.
  public var firstRetry: Duration = .seconds(1)
  /// The longest wait between failures.
  public var longestRetry: Duration = .seconds(300)
  /// The least time between two changes of a registration; it doubles while they follow each other as fast as they may.
  public var leastPause: Duration = .seconds(10)
  /// The longest such time. A pause is never longer than a quarter of the token's life.
  public var longestPause: Duration = .seconds(3_600)
  /// The longest wait that the service's `Retry-After` is followed for.
  public var longestRetryAfter: Duration = .seconds(3_600)
  /// How long the servers that share the lease are told of a new nonce before it is used.
  public var announcement: Duration = .zero
  /// How long beyond its token's end a nonce is taken: what clocks may differ.
  public var clockSkew: Duration = .seconds(60)

  /// The usual times.
  public init() {}

  /// How many seconds before its end a token of this life, in seconds, is renewed.
  public func lead(life: Int64) -> Int64 {
    let life = max(life, 1)
    return max(min(renewBefore.components.seconds, life / 2), life / 10, 1)
  }
}
