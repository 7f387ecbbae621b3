/// Masks what looks like a payment card's number in text that is logged or stored.
///
/// A number is masked if it has 13 to 19 digits (ISO/IEC 7812-1) and passes the Luhn check: digits in one run, or in
/// groups of 3 to 6 with one space or dash between them, as they are printed on cards. All of its digits become `*`. The
/// digits of a UUID stay: about one in a thousand holds what looks like a card's number, and that call would not be found
/// by its id.
public enum Redactor {
  /// The text with card numbers masked; the same text where there is none, at the cost of one pass over its bytes.
  public static func mask(_ text: String) -> String {
    var text = text
    let numbers = text.withUTF8 { bytes -> [Range<Int>] in
      mayHoldNumber(bytes) ? find(in: bytes) : []
    }
    guard !numbers.isEmpty else { return text }
    var bytes = Array(text.utf8)
    for number in numbers where !isInUUID(number, of: bytes) {
      for index in number where isDigit(bytes[index]) { bytes[index] = UInt8(ascii: "*") }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let lengths = 13...19

  /// Whether the bytes are part of a UUID (RFC 9562, section 4).
  private static func isInUUID(_ range: Range<Int>, of bytes: [UInt8]) -> Bool {
    let length = 36
    guard bytes.count >= length, range.count <= length else { return false }
    let first = max(0, range.upperBound - length)
    let last = min(range.lowerBound, bytes.count - length)
    guard first <= last else { return false }
    return (first...last).contains { start in
      (0..<length).allSatisfy { offset in
        let byte = bytes[start + offset]
        return [8, 13, 18, 23].contains(offset) ? byte == UInt8(ascii: "-") : isHexadecimal(byte)
      }
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  private static func mayHoldNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count >= lengths.lowerBound else { return false }
    var digits = 0
    for byte in bytes where isDigit(byte) { digits += 1 }
    return digits >= lengths.lowerBound
  }

  private static func find(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var numbers: [Range<Int>] = []
    var groups: [Range<Int>] = []
    var index = 0
    while index < bytes.count {
      guard isDigit(bytes[index]) else {
        index += 1
        continue
      }
      var end = index
      while end < bytes.count, isDigit(bytes[end]) { end += 1 }
      let run = index..<end
      if lengths.contains(run.count), passesLuhn(bytes, [run]) { numbers.append(run) }
      if let last = groups.last, !(run.lowerBound == last.upperBound + 1 && isSeparator(bytes[last.upperBound])) {
        groups.removeAll(keepingCapacity: true)
      }
      if (3...6).contains(run.count) { groups.append(run) } else { groups.removeAll(keepingCapacity: true) }
      if let number = grouped(bytes, groups) { numbers.append(number) }
      index = end
    }
    return numbers
  }

  /// The longest number that ends with the last group.
  private static func grouped(_ bytes: UnsafeBufferPointer<UInt8>, _ groups: [Range<Int>]) -> Range<Int>? {
    guard groups.count > 1 else { return nil }
    var digits = 0
    var found: Range<Int>?
    for first in groups.indices.reversed() {
      digits += groups[first].count
      if digits > lengths.upperBound { break }
      if digits >= lengths.lowerBound, passesLuhn(bytes, groups[first...]) {
        found = groups[first].lowerBound..<groups[groups.endIndex - 1].upperBound
      }
    }
    return found
  }

  private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-") }

  /// ISO/IEC 7812-1, annex B.
  private static func passesLuhn(
    _ bytes: UnsafeBufferPointer<UInt8>, _ groups: some BidirectionalCollection<Range<Int>>
  ) -> Bool {
    var sum = 0
    var isDoubled = false
    for group in groups.reversed() {
      for index in group.reversed() {
        var digit = Int(bytes[index] &- 48)
        if isDoubled { digit = digit > 4 ? digit * 2 - 9 : digit * 2 }
        sum += digit
        isDoubled.toggle()
      }
    }
    return sum % 10 == 0
  }
}
