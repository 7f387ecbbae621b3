/// How durations are written: a whole number and a unit, `700ms` or `10m`.
enum Notation {
  private static let durations: [(unit: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// `100ms`, `5s`, `10m`, `4h`, `1d`.
  static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = split(text), let factor = durations.first(where: { $0.unit == unit })?.milliseconds
    else { return nil }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : .milliseconds(milliseconds)
  }

  /// The shortest way to write a duration; below a millisecond is lost.
  static func write(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMilliseconds
    if milliseconds == 0 { return "0s" }
    for (unit, factor) in durations where milliseconds % factor == 0 { return "\(milliseconds / factor)\(unit)" }
    return "\(milliseconds)ms"
  }

  private static func split(_ text: String) -> (number: Int64, unit: String)? {
    let digits = text.utf8.prefix { (48...57).contains($0) }
    guard (1...15).contains(digits.count), let number = Int64(Substring(digits)) else { return nil }
    return (number, String(text.dropFirst(digits.count)).trimmingSpaces)
  }
}

extension Duration {
  /// Milliseconds, rounded towards zero and bounded to `Int64`.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return overflow || overflowed ? (seconds < 0 ? .min : .max) : sum
  }
}

extension String {
  /// Without spaces at both ends.
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
