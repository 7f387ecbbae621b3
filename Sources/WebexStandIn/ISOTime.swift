import Basics

/// Times as Webex's REST calls write them.
enum ISOTime {
  /// Seconds since 1970 as `2027-01-15T08:00:00.000Z`.
  static func text(_ seconds: Int64) -> String {
    WallClock.text(seconds, "%04Y-%m-%dT%H:%M:%S.000Z") ?? "1970-01-01T00:00:00.000Z"
  }
}
