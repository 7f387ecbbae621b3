/// A JSON text (RFC 8259), taken apart and not copied: what a message that carries audio needs read costs one pass and
/// one allocation.
///
/// Bounded in depth and in the number of its values; strings are decoded only when asked for.
package struct JSONDocument: Sendable {
  /// How deep arrays and objects may nest.
  package static let maximumDepth = 32
  /// How many values and member names a text may hold.
  package static let maximumNodes = 16_384

  /// What is wrong with a text.
  package enum FormatError: String, Error {
    case syntax = "it is not JSON"
    case tooDeep = "it nests too deeply"
    case tooMany = "it has too many values"
  }

  package enum Kind: UInt8 {
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
  let nodes: [Node]

  /// Reads a text whole.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    self.bytes = bytes
    let nodes = bytes.withUnsafeBufferPointer { bytes -> Result<[Node], FormatError> in
      do throws(FormatError) {
        var reader = JSONReader(bytes)
        try reader.read()
        return .success(reader.nodes)
      } catch { return .failure(error) }
    }
    self.nodes = try nodes.get()
  }

  /// The outermost value.
  package var root: JSONElement { JSONElement(document: self, index: 0) }
}

/// One pass over a text. Every position that is read has been compared with the end.
private struct JSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private(set) var nodes: [JSONDocument.Node] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    // A message with audio on the virtual agent's wire has some thirty.
    nodes.reserveCapacity(48)
  }

  mutating func read() throws(JSONDocument.FormatError) {
    try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw .syntax }
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte, byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func begin(_ kind: JSONDocument.Kind) throws(JSONDocument.FormatError) -> Int {
    guard nodes.count < JSONDocument.maximumNodes else { throw .tooMany }
    nodes.append(.init(kind: kind, start: position, end: position, next: 0))
    return nodes.count - 1
  }

  private mutating func finish(_ node: Int) {
    nodes[node].end = position
    nodes[node].next = nodes.count
  }

  private mutating func value(depth: Int) throws(JSONDocument.FormatError) {
    guard depth <= JSONDocument.maximumDepth else { throw .tooDeep }
    skipSpace()
    switch byte {
    case UInt8(ascii: "{"): try container(.object, depth: depth, closing: UInt8(ascii: "}"))
    case UInt8(ascii: "["): try container(.array, depth: depth, closing: UInt8(ascii: "]"))
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    default: try number()
    }
  }

  private mutating func container(
    _ kind: JSONDocument.Kind, depth: Int, closing: UInt8
  ) throws(JSONDocument.FormatError) {
    let node = try begin(kind)
    position += 1
    skipSpace()
    if byte == closing {
      position += 1
      return finish(node)
    }
    while true {
      if kind == .object {
        skipSpace()
        guard byte == UInt8(ascii: "\"") else { throw .syntax }
        try string()
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw .syntax }
        position += 1
      }
      try value(depth: depth + 1)
      skipSpace()
      let end = byte
      position += 1
      if end == closing { return finish(node) }
      guard end == UInt8(ascii: ",") else { throw .syntax }
    }
  }

  private mutating func string() throws(JSONDocument.FormatError) {
    position += 1
    let node = try begin(.string)
    while true {
      skipPlain()
      switch byte {
      case UInt8(ascii: "\""):
        finish(node)
        position += 1
        return
      case UInt8(ascii: "\\"):
        nodes[node].kind = .escapedString
        position += 2
      case let byte? where byte >= 0x20: position += 1
      default: throw .syntax
      }
    }
  }

  /// Eight characters at a time, as long as none of them is a quote, a backslash or a control character. A subtraction
  /// borrows into the next byte only below a byte that is itself found.
  private mutating func skipPlain() {
    guard let start = bytes.baseAddress else { return }
    let ones: UInt64 = 0x0101_0101_0101_0101
    while bytes.count - position >= 8 {
      let word = UnsafeRawPointer(start + position).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      var special = (word &- (ones &* 0x20)) & ~word
      special |= (quote &- ones) & ~quote
      special |= (backslash &- ones) & ~backslash
      guard special & (ones &* 0x80) == 0 else { return }
      position += 8
    }
  }

  private mutating func word(_ text: StaticString, _ kind: JSONDocument.Kind) throws(JSONDocument.FormatError) {
    let node = try begin(kind)
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count, text.withUTF8Buffer({ bytes[position..<end].elementsEqual($0) }) else { throw .syntax }
    position = end
    finish(node)
  }

  private mutating func number() throws(JSONDocument.FormatError) {
    let node = try begin(.number)
    if byte == UInt8(ascii: "-") { position += 1 }
    let first = byte
    let whole = digits()
    guard whole > 0, whole == 1 || first != UInt8(ascii: "0") else { throw .syntax }
    if byte == UInt8(ascii: ".") {
      position += 1
      guard digits() > 0 else { throw .syntax }
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw .syntax }
    }
    finish(node)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }
}
