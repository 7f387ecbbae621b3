/// A token bucket: what a peer may do a second, and how much of it at once. A pure value; times are nanoseconds of any
/// monotonic clock.
public struct RateBudget: Sendable {
  private let perNanosecond: Double
  private let burst: Double
  private var tokens: Double
  private var last: UInt64?

  /// A full bucket.
  public init(perSecond: Int, burst: Int) {
    perNanosecond = Double(perSecond) / 1e9
    self.burst = Double(burst)
    tokens = self.burst
  }

  /// Adds what time has brought.
  public mutating func refill(now: UInt64) {
    let last = self.last ?? now
    guard now >= last else { return }
    self.last = now
    add(Double(now - last) * perNanosecond)
  }

  /// Adds tokens, up to the burst.
  public mutating func add(_ amount: Double) { tokens = min(burst, tokens + amount) }

  /// Takes tokens, also those that are not there yet.
  public mutating func spend(_ amount: Int) { tokens -= Double(amount) }

  /// Whether more was spent than there was.
  public var isOverdrawn: Bool { tokens < 0 }

  /// Nanoseconds until it no longer is; 0 where it is not.
  public var wait: Int64 { isOverdrawn ? Int64(min(-tokens / perNanosecond, 60e9).rounded(.up)) : 0 }
}
