/// What is wrong with a JSON text and at which byte of it.
public struct JSONError: Error, Sendable, Hashable {
  /// The kinds of fault.
  public enum Reason: String, Sendable, Hashable {
    case unexpectedEnd = "it ends in the middle of a value"
    case unexpectedByte = "a byte that cannot stand here"
    case badNumber = "a number that JSON does not allow"
    case badEscape = "an escape that JSON does not allow"
    case controlCharacter = "a control character inside a string"
    case nul = "U+0000 inside a string"
    case invalidUTF8 = "bytes that are not UTF-8"
    case unpairedSurrogate = "half of a surrogate pair"
    case duplicateName = "a member name that occurred before"
    case tooDeep = "nesting that is too deep"
    case tooMany = "more values than may be"
    case trailingBytes = "something after the end of the value"
  }

  /// What is wrong.
  public let reason: Reason
  /// Where, in bytes from the beginning.
  public let offset: Int
}

extension JSONError: CustomStringConvertible {
  /// What is wrong and where, without the text itself.
  public var description: String { "\(reason.rawValue), at byte \(offset)" }
}
