import Basics

/// How durations and sizes are written: a whole number and a unit, `700ms`, `10m` or `512MiB`.
package enum Notation {
  private static let durations: [(unit: String, milliseconds: Int)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// `100ms`, `5s`, `10m`, `4h`, `1d`.
  package static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = split(text), let factor = durations.first(where: { $0.unit == unit })?.milliseconds
    else { return nil }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : .milliseconds(milliseconds)
  }

  /// The shortest way to write a duration; below a millisecond is lost.
  package static func write(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMilliseconds
    if milliseconds == 0 { return "0s" }
    for (unit, factor) in durations where milliseconds % factor == 0 { return "\(milliseconds / factor)\(unit)" }
    return "\(milliseconds)ms"
  }

  private static let sizes: [(unit: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
  ]

  /// `512MiB`, `2GiB`, in bytes.
  package static func size(_ text: String) -> Int? {
    guard let (number, unit) = split(text), let factor = sizes.first(where: { $0.unit == unit })?.bytes else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
  }

  /// The shortest way to write a size.
  package static func write(size: Int) -> String {
    for (unit, factor) in sizes where size % factor == 0 { return "\(size / factor)\(unit)" }
    return "\(size)B"
  }

  private static func split(_ text: String) -> (number: Int, unit: String)? {
    let digits = text.utf8.prefix { (48...57).contains($0) }
    guard (1...15).contains(digits.count), let number = Int(Substring(digits)) else { return nil }
    return (number, String(text.dropFirst(digits.count)).trimmingSpaces)
  }
}

extension String {
  /// Without spaces at both ends.
  package var trimmingSpaces: String { trimmed { $0 == " " } }
}
