/// A JSON text (RFC 8259), taken apart and not copied: what a message that carries audio needs read costs one pass and
/// one allocation.
///
/// Bounded in depth and in the number of its values; strings are decoded only when asked for.
struct JSONDocument: Sendable {
  /// How deep arrays and objects may nest.
  static let maximumDepth = 32
  /// How many values and member names a text may hold.
  static let maximumNodes = 16_384

  /// What is wrong with a text.
  enum FormatError: String, Error {
    case syntax = "it is not JSON"
    case tooDeep = "it nests too deeply"
    case tooMany = "it has too many values"
  }

  enum Kind: UInt8 {
    case object, array, string, escapedString, number, yes, no, null
  }

  /// A value, or a member's name; the nodes of a container follow it in order.
  struct Node {
    var kind: Kind
    /// The bytes of the value; without the quotes of a string.
    var start: Int
    var end: Int
    /// The node after this value and all within it.
    var next: Int
  }

  let bytes: [UInt8]
  private(set) var nodes: [Node] = []

  /// Reads a text whole.
  init(_ bytes: [UInt8]) throws(FormatError) {
    self.bytes = bytes
    nodes.reserveCapacity(24)
    var position = 0
    try value(&position, depth: 0)
    skipSpace(&position)
    guard position == bytes.count else { throw .syntax }
  }

  /// The outermost value.
  var root: JSONElement { JSONElement(document: self, index: 0) }

  // MARK: Reading

  private func byte(_ position: Int) -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private func skipSpace(_ position: inout Int) {
    while let byte = byte(position), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func begin(_ kind: Kind, at start: Int) throws(FormatError) -> Int {
    guard nodes.count < Self.maximumNodes else { throw .tooMany }
    nodes.append(Node(kind: kind, start: start, end: start, next: 0))
    return nodes.count - 1
  }

  private mutating func finish(_ node: Int, end: Int) {
    nodes[node].end = end
    nodes[node].next = nodes.count
  }

  private mutating func value(_ position: inout Int, depth: Int) throws(FormatError) {
    guard depth <= Self.maximumDepth else { throw .tooDeep }
    skipSpace(&position)
    switch byte(position) {
    case UInt8(ascii: "{"): try container(.object, &position, depth: depth, closing: UInt8(ascii: "}"))
    case UInt8(ascii: "["): try container(.array, &position, depth: depth, closing: UInt8(ascii: "]"))
    case UInt8(ascii: "\""): try string(&position)
    case UInt8(ascii: "t"): try word("true", .yes, &position)
    case UInt8(ascii: "f"): try word("false", .no, &position)
    case UInt8(ascii: "n"): try word("null", .null, &position)
    default: try number(&position)
    }
  }

  private mutating func container(_ kind: Kind, _ position: inout Int, depth: Int, closing: UInt8) throws(FormatError) {
    let node = try begin(kind, at: position)
    position += 1
    skipSpace(&position)
    if byte(position) == closing {
      position += 1
      return finish(node, end: position)
    }
    while true {
      if kind == .object {
        skipSpace(&position)
        guard byte(position) == UInt8(ascii: "\"") else { throw .syntax }
        try string(&position)
        skipSpace(&position)
        guard byte(position) == UInt8(ascii: ":") else { throw .syntax }
        position += 1
      }
      try value(&position, depth: depth + 1)
      skipSpace(&position)
      let end = byte(position)
      position += 1
      if end == closing { return finish(node, end: position) }
      guard end == UInt8(ascii: ",") else { throw .syntax }
    }
  }

  private mutating func string(_ position: inout Int) throws(FormatError) {
    position += 1
    let node = try begin(.string, at: position)
    while let byte = byte(position) {
      switch byte {
      case UInt8(ascii: "\""):
        finish(node, end: position)
        position += 1
        return
      case UInt8(ascii: "\\"):
        nodes[node].kind = .escapedString
        position += 2
      case 0..<0x20: throw .syntax
      default: position += 1
      }
    }
    throw .syntax
  }

  private mutating func word(_ text: StaticString, _ kind: Kind, _ position: inout Int) throws(FormatError) {
    let node = try begin(kind, at: position)
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count, text.withUTF8Buffer({ bytes[position..<end].elementsEqual($0) }) else { throw .syntax }
    position = end
    finish(node, end: end)
  }

  private mutating func number(_ position: inout Int) throws(FormatError) {
    let node = try begin(.number, at: position)
    if byte(position) == UInt8(ascii: "-") { position += 1 }
    let first = byte(position)
    let whole = digits(&position)
    guard whole > 0, whole == 1 || first != UInt8(ascii: "0") else { throw .syntax }
    if byte(position) == UInt8(ascii: ".") {
      position += 1
      guard digits(&position) > 0 else { throw .syntax }
    }
    if byte(position) == UInt8(ascii: "e") || byte(position) == UInt8(ascii: "E") {
      position += 1
      if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") { position += 1 }
      guard digits(&position) > 0 else { throw .syntax }
    }
    finish(node, end: position)
  }

  private func digits(_ position: inout Int) -> Int {
    let start = position
    while let byte = byte(position), (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }
}
