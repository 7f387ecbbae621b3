import Basics

/// Times as a person reads them.
enum UTCTime {
  /// Seconds since 1970 as `2027-01-15 08:00:00 UTC` (proleptic Gregorian calendar).
  static func text(_ seconds: Int64) -> String {
    WallClock.text(seconds, "%04Y-%m-%d %H:%M:%S UTC") ?? "in a year of more than 32 bits"
  }

  /// A time beside another: `in 59 min`, `2 d ago`, `now`.
  static func relative(_ seconds: Int64, to now: Int64) -> String {
    let (difference, overflows) = seconds.subtractingReportingOverflow(now)
    guard !overflows, difference != 0 else { return "now" }
    let text = duration(difference.magnitude)
    return difference > 0 ? "in \(text)" : "\(text) ago"
  }

  /// A duration in its largest unit of which there are two or more.
  static func duration(_ seconds: UInt64) -> String {
    switch seconds {
    case 0..<120: "\(seconds) s"
    case 120..<7_200: "\(seconds / 60) min"
    case 7_200..<172_800: "\(seconds / 3_600) h"
    case 172_800..<63_072_000: "\(seconds / 86_400) d"
    default: "\(seconds / 31_557_600) years"
    }
  }
}
