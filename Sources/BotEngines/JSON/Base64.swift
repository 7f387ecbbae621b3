/// Base64 of RFC 4648, section 4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The six bits of each letter; 0xFF for what is none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  /// The bytes that a text spells; padding may be missing. `nil` for any other letter, white space included.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var text = text
    for _ in 0..<2 where text.last == UInt8(ascii: "=") { text.removeLast() }
    guard text.count % 4 != 1 else { return nil }
    let count = text.count / 4 * 3 + max(0, text.count % 4 - 1)
    var isValid = true
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      values.withUnsafeBufferPointer { values in
        var group: UInt32 = 0
        var bits = 0
        var invalid: UInt8 = 0
        for letter in text {
          let value = values[Int(letter)]
          invalid |= value
          group = group << 6 | UInt32(value & 0x3F)
          bits += 6
          guard bits >= 8 else { continue }
          bits -= 8
          // `count` is the number of whole bytes in the bits of all letters, so this stays within it.
          bytes.initializeElement(at: initialized, to: UInt8(truncatingIfNeeded: group >> UInt32(bits)))
          initialized += 1
        }
        isValid = invalid < 0x40
      }
    }
    return isValid ? bytes : nil
  }

  /// Appends the spelling of some bytes, with padding.
  static func encode(_ bytes: some RandomAccessCollection<UInt8>, into text: inout [UInt8]) {
    text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
    var group: UInt32 = 0
    var bits = 0
    for byte in bytes {
      group = group << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(alphabet[Int(group >> UInt32(bits) & 0x3F)])
      }
    }
    guard bits > 0 else { return }
    text.append(alphabet[Int(group << UInt32(6 - bits) & 0x3F)])
    for _ in 0..<(bits == 2 ? 2 : 1) { text.append(UInt8(ascii: "=")) }
  }
}
