/// Base64 of RFC 4648, section 4.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The six bits of each letter; 0xFF for what is none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  /// How many bytes a text spells, its padding apart; `nil` for a length that no text has.
  private static func count(_ letters: Int) -> Int? {
    letters % 4 == 1 ? nil : letters / 4 * 3 + max(0, letters % 4 - 1)
  }

  /// The letters of a text without its padding.
  private static func letters(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var letters = text.count
    while letters > 0, text.count - letters < 2, text[letters - 1] == UInt8(ascii: "=") { letters -= 1 }
    return letters
  }

  /// The bytes that a text spells; padding may be missing. `nil` for any other letter, white space included.
  package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    return text.withUnsafeBufferPointer({ append($0, to: &bytes) }) ? bytes : nil
  }

  /// How many bytes a text spells, if it is one; whether it is, ``append(_:to:)`` tells.
  package static func decodedCount(_ text: UnsafeBufferPointer<UInt8>) -> Int? { count(letters(text)) }

  /// Appends the bytes that a text spells; padding may be missing. False, and nothing appended, for any other letter,
  /// white space included.
  package static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) -> Bool {
    let letters = letters(text)
    guard let count = count(letters) else { return false }
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    let isValid = bytes.withUnsafeMutableBufferPointer {
      decode(text, letters, into: UnsafeMutableBufferPointer(rebasing: $0[start...]))
    }
    if !isValid { bytes.removeLast(count) }
    return isValid
  }

  /// Writes the bytes of so many letters; `output` has room for just them.
  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, _ letters: Int, into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    values.withUnsafeBufferPointer { values in
      var invalid: UInt8 = 0
      var read = 0
      var written = 0
      while letters - read >= 4 {
        let (a, b) = (values[Int(text[read])], values[Int(text[read + 1])])
        let (c, d) = (values[Int(text[read + 2])], values[Int(text[read + 3])])
        invalid |= a | b | c | d
        output[written] = a << 2 | b >> 4
        output[written + 1] = b << 4 | c >> 2
        output[written + 2] = c << 6 | d
        read += 4
        written += 3
      }
      if letters - read >= 2 {
        let (a, b) = (values[Int(text[read])], values[Int(text[read + 1])])
        invalid |= a | b
        output[written] = a << 2 | b >> 4
        if letters - read == 3 {
          let c = values[Int(text[read + 2])]
          invalid |= c
          output[written + 1] = b << 4 | c >> 2
        }
      }
      return invalid < 0x40
    }
  }

  /// Appends the spelling of some bytes, with padding.
  package static func encode(_ bytes: some RandomAccessCollection<UInt8>, into text: inout [UInt8]) {
    let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { encode($0, into: &text) }
    if isContiguous == nil { Array(bytes).withUnsafeBufferPointer { encode($0, into: &text) } }
  }

  private static func encode(_ bytes: UnsafeBufferPointer<UInt8>, into text: inout [UInt8]) {
    text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
    alphabet.withUnsafeBufferPointer { alphabet in
      var read = 0
      while bytes.count - read >= 3 {
        let group = UInt32(bytes[read]) << 16 | UInt32(bytes[read + 1]) << 8 | UInt32(bytes[read + 2])
        text.append(alphabet[Int(group >> 18)])
        text.append(alphabet[Int(group >> 12 & 0x3F)])
        text.append(alphabet[Int(group >> 6 & 0x3F)])
        text.append(alphabet[Int(group & 0x3F)])
        read += 3
      }
      let left = bytes.count - read
      guard left > 0 else { return }
      let group = UInt32(bytes[read]) << 16 | (left == 2 ? UInt32(bytes[read + 1]) << 8 : 0)
      text.append(alphabet[Int(group >> 18)])
      text.append(alphabet[Int(group >> 12 & 0x3F)])
      text.append(left == 2 ? alphabet[Int(group >> 6 & 0x3F)] : UInt8(ascii: "="))
      text.append(UInt8(ascii: "="))
    }
  }
}
