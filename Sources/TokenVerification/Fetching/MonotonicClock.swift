import Glibc

/// The clock of timers: never set, never stepping back.
public enum MonotonicClock {
  /// The time since an arbitrary origin.
  public static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
