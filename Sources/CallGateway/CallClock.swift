import Glibc

/// The clock of calls: no change of the wall clock moves it.
enum CallClock {
  /// The time since some fixed moment.
  static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
