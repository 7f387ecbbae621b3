/// Times as a person reads them.
enum UTCTime {
  /// Seconds since 1970 as `2027-01-15 08:00:00 UTC` (proleptic Gregorian calendar).
  static func text(_ seconds: Int64) -> String {
    let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let (day, second) = time < 0 ? (days - 1, time + 86_400) : (days, time)
    let (year, month, date) = civil(day)
    let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(date, 2)) \(clock) UTC"
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

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// The date of a day counted from 1970-01-01, by the days of 400-year eras that begin on a first of March.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
