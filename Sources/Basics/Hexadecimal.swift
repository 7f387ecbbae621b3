extension FixedWidthInteger where Self: UnsignedInteger {
  /// All its hexadecimal digits, small letters: two for each byte.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
  }
}

extension RandomNumberGenerator {
  /// A name that nobody guesses: 32 hexadecimal digits, 128 random bits.
  package mutating func hexadecimalName() -> String { next().hexadecimal + next().hexadecimal }

  /// A UUID of version 4 (RFC 9562): 122 random bits.
  package mutating func uuid() -> String {
    let upper = (next() & ~0xF000 | 0x4000).hexadecimal
    let lower = (next() & ~(0xC0 << 56) | 0x80 << 56).hexadecimal
    return [upper.prefix(8), upper.dropFirst(8).prefix(4), upper.suffix(4), lower.prefix(4), lower.suffix(12)]
      .joined(separator: "-")
  }
}
