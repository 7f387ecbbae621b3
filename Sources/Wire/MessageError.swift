/// Why a message was refused: what is wrong and where, never what it holds.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Sendable, Hashable {
    /// The whole message, in bytes.
    case messageTooLarge(bytes: Int, limit: Int)
    /// Messages within messages, or `google.protobuf.Struct` and `ListValue` within one another.
    case tooDeep(limit: Int)
    /// Fields of the message and everything in it, unknown ones too.
    case tooManyFields(limit: Int)
    /// Values of a repeated field or entries of a map.
    case tooManyValues(limit: Int)
    /// A string or bytes, in bytes.
    case tooLong(bytes: Int, limit: Int)
    /// A string that is not UTF-8.
    case invalidUTF8
    /// A NUL in a string, or a control character in an id.
    case forbiddenCharacter
    /// A field number outside 1 to 2^29-1, or a tag that is not a 32-bit varint.
    case invalidFieldNumber
    /// A wire type other than varint, 64-bit, length-delimited and 32-bit.
    case invalidWireType(UInt8)
    /// A varint longer than 10 bytes, or a length of more than 5 bytes or 32 bits.
    case invalidVarint
    /// A field that goes on past the end of its message.
    case truncated
    /// A value that an enum does not have, where a meaning has to be known.
    case unknownValue(Int32)
    /// The decoded message would take more memory or more allocations than one message may.
    case tooMuchMemory
  }

  /// What is wrong.
  public var reason: Reason
  /// The names of the fields from the outermost message inwards, such as `event_input.parameters.fields.key`; a field
  /// that the schema does not have is its number. Empty: the message itself.
  public var path: String

  /// An error at a place.
  public init(_ reason: Reason, at path: String = "") {
    self.reason = reason
    self.path = path
  }

  /// A sentence for the client and for logs.
  public var description: String {
    let place = path.isEmpty ? "the message" : path
    return switch reason {
    case .messageTooLarge(let bytes, let limit): "\(place) has \(bytes) bytes; at most \(limit) are allowed"
    case .tooDeep(let limit): "\(place) is nested more than \(limit) levels deep"
    case .tooManyFields(let limit): "\(place) makes more than \(limit) fields in one message"
    case .tooManyValues(let limit): "\(place) has more than \(limit) values"
    case .tooLong(let bytes, let limit): "\(place) has \(bytes) bytes; at most \(limit) are allowed"
    case .invalidUTF8: "\(place) is not UTF-8"
    case .forbiddenCharacter: "\(place) contains a control character"
    case .invalidFieldNumber: "\(place) contains an invalid field number"
    case .invalidWireType(let type): "\(place) contains the invalid wire type \(type)"
    case .invalidVarint: "\(place) contains an invalid varint"
    case .truncated: "\(place) goes on past the end of the message"
    case .unknownValue(let value): "\(place) has the unknown value \(value)"
    case .tooMuchMemory: "\(place) takes too much memory when decoded"
    }
  }
}
