import BotEngine
import JSONText

/// One member of a JSON object, read as what it has to be.
struct SocketField {
  private let name: StaticString
  private let value: JSONElement?

  init(_ object: JSONElement, _ name: StaticString) {
    self.name = name
    value = object[name]?.present
  }

  /// The object that a whole message is.
  static func document(
    _ bytes: [UInt8], maximum: Int = SocketReader.maximumMessage
  ) throws(SocketProtocolError) -> JSONElement {
    guard bytes.count <= maximum else {
      throw .badRequest("the message has \(bytes.count) bytes; at most \(maximum) are allowed")
    }
    let root: JSONElement
    do throws(JSONError) {
      root = try JSONDocument(bytes).root
    } catch { throw .badRequest("the message cannot be read: \(error)") }
    guard root.kind == .object else { throw .badRequest("the message has to be a JSON object") }
    return root
  }

  /// An id that has to be there: 1 to 128 bytes without control characters.
  func identifier() throws(SocketProtocolError) -> String {
    guard let text = value?.string else { throw .badRequest("\(name) has to be there, as text") }
    guard (1...SocketReader.maximumIdentifier).contains(text.utf8.count) else {
      throw .badRequest("\(name) has to have 1 to \(SocketReader.maximumIdentifier) bytes")
    }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .badRequest("\(name) contains a control character")
    }
    return text
  }

  /// A text that may be absent. NUL has no place on the other wire and none in a bot's.
  func optionalText(longest: Int = .max) throws(SocketProtocolError) -> String? {
    guard let value else { return nil }
    guard let text = value.string else { throw .badRequest("\(name) has to be text") }
    guard text.utf8.count <= longest else { throw .badRequest("\(name) has more than \(longest) bytes") }
    guard !text.utf8.contains(0) else { throw .badRequest("\(name) contains a control character") }
    return text
  }

  /// A flag; absent is false.
  func flag() throws(SocketProtocolError) -> Bool {
    guard let value else { return false }
    guard let flag = value.bool else { throw .badRequest("\(name) has to be true or false") }
    return flag
  }

  /// A whole number from 0 that fits 32 bits; absent is 0.
  func number() throws(SocketProtocolError) -> Int32 {
    guard let value else { return 0 }
    guard let number = value.wholeNumber.flatMap({ Int32(exactly: $0) }) else {
      throw .badRequest("\(name) has to be a whole number")
    }
    return number
  }

  /// A map of texts. Other values than texts are given as their JSON.
  func texts() throws(SocketProtocolError) -> [String: String] {
    try object().compactMapValues { value in
      switch value {
      case .null: nil
      case .string(let text): text
      default: value.json
      }
    }
  }

  /// A map of any values: an object, a list of `{"key": …, "value": …}`, `[]`, or absent.
  func object() throws(SocketProtocolError) -> [String: BotValue] {
    guard let value else { return [:] }
    var object: [String: BotValue] = [:]
    switch value.kind {
    case .object:
      for (key, member) in value.members { object[key] = BotValue(member) }
    case .array:
      for pair in value.elements {
        guard let key = pair["key"]?.string else {
          throw .badRequest("\(name) has to be an object, or a list of key and value")
        }
        object[key] = pair["value"].map { BotValue($0) } ?? .null
      }
    default: throw .badRequest("\(name) has to be an object, or a list of key and value")
    }
    for (key, value) in object {
      guard !key.utf8.contains(0), value.isWritable(depth: 1) else {
        throw .badRequest("\(name) nests more than \(Self.maximumDepth) levels deep, or contains a NUL")
      }
    }
    return object
  }

  /// The levels of objects and lists that the other wire accepts.
  fileprivate static let maximumDepth = 16
}

extension JSONElement {
  /// The value, or `nil` where it is null: what some clients write for absent.
  var present: JSONElement? { kind == .null ? nil : self }
}

extension BotValue {
  /// Whether all of it fits the other wire, `depth` levels within a message's map.
  fileprivate func isWritable(depth: Int) -> Bool {
    switch self {
    case .null, .bool, .number: true
    case .string(let text): !text.utf8.contains(0)
    case .list(let values):
      depth < SocketField.maximumDepth && values.allSatisfy { $0.isWritable(depth: depth + 1) }
    case .object(let object):
      depth < SocketField.maximumDepth
        && object.allSatisfy { !$0.key.utf8.contains(0) && $0.value.isWritable(depth: depth + 1) }
    }
  }
}
