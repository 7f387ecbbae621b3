import Glibc

/// The time of day, for claims and nothing else: every timer is monotonic.
public enum WallClock {
  /// Seconds since 1970.
  public static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
  }
}
