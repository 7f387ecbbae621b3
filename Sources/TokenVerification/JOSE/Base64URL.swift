/// Base64 with the URL-safe alphabet and no padding (RFC 4648 section 5, RFC 7515 section 2), read strictly: every byte
/// sequence has exactly one accepted spelling.
public enum Base64URL {
  /// Why a text is not base64url.
  public enum FormatError: Error, Sendable, Hashable {
    /// The length is 1 modulo 4, which no byte sequence encodes to.
    case length(Int)
    /// A byte outside `A–Z a–z 0–9 - _` at this offset; padding, `+`, `/`, white space and NUL among them.
    case character(offset: Int)
    /// The unused low bits of the last character are not zero.
    case trailingBits
  }

  /// The number of bytes that a text of `length` characters encodes.
  public static func decodedCount(_ length: Int) -> Int { length / 4 * 3 + max(0, length % 4 - 1) }

  /// The bytes that `text` encodes.
  public static func decode(_ text: ArraySlice<UInt8>) throws(FormatError) -> [UInt8] {
    guard text.count % 4 != 1 else { throw .length(text.count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(decodedCount(text.count))
    var bits: UInt32 = 0
    var width = 0
    for (offset, character) in text.enumerated() {
      let value = values[Int(character)]
      guard value < 64 else { throw .character(offset: offset) }
      bits = (bits << 6 | UInt32(value)) & 0xFFF
      width += 6
      if width >= 8 {
        width -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(width)))
      }
    }
    guard bits & ((1 << UInt32(width)) - 1) == 0 else { throw .trailingBits }
    return bytes
  }

  /// The bytes that `text` encodes.
  public static func decode(_ text: String) throws(FormatError) -> [UInt8] { try decode(Array(text.utf8)[...]) }

  /// The one text that encodes `bytes`.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var width = 0
    for byte in bytes {
      bits = (bits << 8 | UInt32(byte)) & 0xFFFF
      width += 8
      while width >= 6 {
        width -= 6
        text.append(alphabet[Int(bits >> UInt32(width)) & 63])
      }
    }
    if width > 0 { text.append(alphabet[Int(bits << UInt32(6 - width)) & 63]) }
    return String(decoding: text, as: UTF8.self)
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The value of each byte as a character; 255 for those outside the alphabet.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()
}

extension Base64URL.FormatError: CustomStringConvertible {
  /// What is wrong and where, without the text itself.
  public var description: String {
    switch self {
    case .length(let length): "\(length) characters are no base64url length"
    case .character(let offset): "a character outside the base64url alphabet at offset \(offset)"
    case .trailingBits: "the last character has bits that belong to no byte"
    }
  }
}
