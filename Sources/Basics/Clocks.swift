import Glibc

/// The clock of timers (`CLOCK_MONOTONIC`): never set, never stepping back.
public enum MonotonicClock {
  /// The time since an arbitrary origin.
  public static func now() -> Duration { .nanoseconds(nanoseconds) }

  /// The same, in nanoseconds.
  public static var nanoseconds: Int64 { time(of: CLOCK_MONOTONIC) }
}

/// The time of day (`CLOCK_REALTIME`), for claims and logs: every timer is monotonic.
public enum WallClock {
  /// Seconds since 1970.
  public static func now() -> Int64 { nanoseconds / 1_000_000_000 }

  /// Nanoseconds since 1970.
  public static var nanoseconds: Int64 { time(of: CLOCK_REALTIME) }

  /// Seconds since 1970 as a time in UTC, in a form of strftime(3) that makes less than 64 bytes; `nil` for a year of
  /// more than 32 bits.
  public static func text(_ seconds: Int64, _ form: String) -> String? {
    var seconds = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return nil }
    let text = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      count = buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, form, &parts) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The clock that goes on while the machine sleeps (`CLOCK_BOOTTIME`): never set, never stepping back.
public enum BootClock {
  /// The time since the machine started.
  @Sendable public static func now() -> Duration { .nanoseconds(time(of: CLOCK_BOOTTIME)) }
}

/// The CPU time that this process has taken (`CLOCK_PROCESS_CPUTIME_ID`).
public enum ProcessorClock {
  /// In nanoseconds.
  public static var nanoseconds: Int64 { time(of: CLOCK_PROCESS_CPUTIME_ID) }
}

private func time(of clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}
