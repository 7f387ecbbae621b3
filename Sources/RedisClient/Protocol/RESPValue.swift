/// What a Redis server answers to one command (RESP 2).
public enum RESPValue: Sendable, Hashable {
  /// A short text, such as `OK`.
  case status(String)
  /// A refusal: a code in capitals, a space and words.
  case refusal(String)
  /// A whole number.
  case integer(Int64)
  /// Bytes.
  case bytes([UInt8])
  /// Several values.
  case array([RESPValue])
  /// Nothing: no such key, or a condition that did not hold.
  case null

  /// The text of a status or of bytes; what is no UTF-8 in it is replaced.
  public var text: String? {
    switch self {
    case .status(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .refusal, .integer, .array, .null: nil
    }
  }

  /// The number.
  public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }

  /// The values of an array.
  public var array: [RESPValue]? { if case .array(let values) = self { values } else { nil } }

  /// The bytes.
  public var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
}
