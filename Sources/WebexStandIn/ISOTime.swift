import Glibc

/// Times as Webex's REST calls write them.
enum ISOTime {
  /// Seconds since 1970 as `2027-01-15T08:00:00.000Z`.
  static func text(_ seconds: Int64) -> String {
    var seconds = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "1970-01-01T00:00:00.000Z" }
    func digits(_ number: Int32, _ count: Int = 2) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return "\(digits(parts.tm_year &+ 1_900, 4))-\(digits(parts.tm_mon &+ 1))-\(digits(parts.tm_mday))"
      + "T\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)).000Z"
  }
}
