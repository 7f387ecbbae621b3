/// Why what came over a connection is no RESP, or more of it than is accepted: the connection ends.
public enum RESPError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A value that begins with this byte.
  case unknownType(UInt8)
  /// A number that is none, or is out of range.
  case badNumber
  /// A line or a string does not end with CR and LF.
  case badEnd
  /// A line longer than this many bytes.
  case longLine(limit: Int)
  /// A string longer than this many bytes.
  case longString(limit: Int)
  /// Arrays in arrays, deeper than this.
  case deep(limit: Int)
  /// An answer of more than this many values.
  case manyValues(limit: Int)
  /// An answer of more than this many bytes.
  case large(limit: Int)

  /// A clause that follows the server's name.
  public var description: String {
    switch self {
    case .unknownType(let byte): "it does not speak RESP: a value begins with byte \(byte)"
    case .badNumber: "it does not speak RESP: a number is none"
    case .badEnd: "it does not speak RESP: a line does not end with CR and LF"
    case .longLine(let limit): "it answers with a line of more than \(limit) bytes"
    case .longString(let limit): "it answers with a string of more than \(limit) bytes"
    case .deep(let limit): "it answers with arrays more than \(limit) deep"
    case .manyValues(let limit): "it answers with more than \(limit) values"
    case .large(let limit): "it answers with more than \(limit) bytes"
    }
  }
}
