import Basics
import TokenVerification

/// Now, on both clocks: tokens end by the time of day, waits are measured on a clock that nobody sets.
public struct Moment: Sendable, Hashable {
  /// Seconds since 1970.
  public var wall: Int64
  /// Since an arbitrary origin, never stepping back.
  public var monotonic: Duration

  /// This machine's clocks.
  public static func now() -> Moment { Moment(wall: WallClock.now(), monotonic: MonotonicClock.now()) }
}
