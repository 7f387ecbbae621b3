/// A command as it goes over the wire: an array of strings. It names one key at most, so that every kind of Redis
/// accepts it.
public struct RedisCommand: Sendable, Hashable {
  /// A word after the command's name.
  public enum Argument: Sendable, Hashable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    /// A text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// A number.
    case integer(Int64)

    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
  }

  /// The bytes that are sent.
  public let wire: [UInt8]

  /// A command.
  public init(_ name: String, _ arguments: Argument...) { self.init(name, arguments) }

  /// A command.
  public init(_ name: String, _ arguments: [Argument]) {
    var wire: [UInt8] = []
    wire.reserveCapacity(32 + arguments.count * 32)
    wire += "*\(arguments.count + 1)\r\n".utf8
    Self.append(name.utf8, to: &wire)
    for argument in arguments {
      switch argument {
      case .text(let text): Self.append(text.utf8, to: &wire)
      case .bytes(let bytes): Self.append(bytes, to: &wire)
      case .integer(let number): Self.append(String(number).utf8, to: &wire)
      }
    }
    self.wire = wire
  }

  private static func append(_ word: some Collection<UInt8>, to wire: inout [UInt8]) {
    wire += "$\(word.count)\r\n".utf8
    wire += word
    wire += "\r\n".utf8
  }
}
