extension JSONNumber {
  /// The whole numbers around this one, `lower` at most and `upper` at least what it says; equal where it is whole. Exact,
  /// whatever the literal's fraction and exponent. Nil where the number is below 0 or not below 10^18.
  public var rounded: (lower: Int64, upper: Int64)? {
    if let wholeValue { return wholeValue < Self.tooLarge ? (wholeValue, wholeValue) : nil }
    var rest = Array(literal.utf8)[...]
    guard let first = rest.first, first != UInt8(ascii: "-") else { return nil }
    let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    var digits = Array(rest.prefix(while: isDigit))
    rest = rest.dropFirst(digits.count)
    // Where the decimal point stands in `digits`.
    var point = digits.count
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix(while: isDigit)
      digits += fraction
      rest = rest.dropFirst(1 + fraction.count)
    }
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    guard zeros < digits.count else { return (0, 0) }
    if !rest.isEmpty {
      // An exponent that does not fit moves the point out of every literal's reach.
      let text = String(decoding: rest.dropFirst(), as: UTF8.self)
      let limit = 1_000_000
      point += Int(text).map { min(max($0, -limit), limit) } ?? (text.hasPrefix("-") ? -limit : limit)
    }
    point -= zeros
    let significant = digits[zeros...]
    guard point > 0 else { return (0, 1) }
    guard point <= 18 else { return nil }
    var lower: Int64 = 0
    for place in 0..<point {
      let digit = place < significant.count ? significant[zeros + place] - UInt8(ascii: "0") : 0
      lower = lower * 10 + Int64(digit)
    }
    let isWhole = significant.dropFirst(point).allSatisfy { $0 == UInt8(ascii: "0") }
    return (lower, isWhole ? lower : lower + 1)
  }

  private static let tooLarge: Int64 = 1_000_000_000_000_000_000
}
