/// A value within a ``JSONDocument``. What is asked of it that it is not gives `nil`.
package struct JSONElement: Sendable {
  let document: JSONDocument
  let index: Int

  private var node: JSONDocument.Node { document.nodes[index] }

  /// The value of a member; the first where there are several of the name.
  package subscript(_ name: StaticString) -> JSONElement? {
    guard node.kind == .object else { return nil }
    var child = index + 1
    while child < node.next {
      let value = document.nodes[child].next
      if JSONElement(document: document, index: child).isString(name) {
        return JSONElement(document: document, index: value)
      }
      child = document.nodes[value].next
    }
    return nil
  }

  /// Whether it is this string; names with escapes are taken for others.
  package func isString(_ text: StaticString) -> Bool {
    guard node.kind == .string, node.end - node.start == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { document.bytes[node.start..<node.end].elementsEqual($0) }
  }

  /// A string's text. Half surrogate pairs and bytes that are not UTF-8 become U+FFFD.
  package var string: String? { document.string(index) }

  /// A string's bytes, decoded from Base64 (RFC 4648, section 4; padding may be missing).
  package var base64: [UInt8]? {
    switch node.kind {
    case .string: Base64.decode(document.bytes[node.start..<node.end])
    case .escapedString: JSONElement.unescaped(document.bytes[node.start..<node.end]).flatMap { Base64.decode($0[...]) }
    default: nil
    }
  }

  /// A number, or a string that spells one.
  package var double: Double? {
    switch node.kind {
    case .number, .string: Double(String(decoding: document.bytes[node.start..<node.end], as: UTF8.self))
    default: nil
    }
  }

  /// A whole number, or a string that spells one.
  package var int: Int? { double.flatMap { Int(exactly: $0) } }

  /// A whole number of at most 15 digits, without sign, fraction and exponent.
  package var wholeNumber: Int? {
    guard node.kind == .number, node.end - node.start <= 15 else { return nil }
    var number = 0
    for digit in document.bytes[node.start..<node.end] {
      guard (0x30...0x39).contains(digit) else { return nil }
      number = number * 10 + Int(digit - 0x30)
    }
    return number
  }

  /// A string's bytes as they are in the text; `nil` for one with escapes.
  package var plainBytes: ArraySlice<UInt8>? {
    node.kind == .string ? document.bytes[node.start..<node.end] : nil
  }

  /// True or false.
  package var bool: Bool? {
    switch node.kind {
    case .yes: true
    case .no: false
    default: nil
    }
  }

  /// The elements of an array; none for everything else.
  package var elements: [JSONElement] {
    guard node.kind == .array else { return [] }
    var elements: [JSONElement] = []
    var child = index + 1
    while child < node.next {
      elements.append(JSONElement(document: document, index: child))
      child = document.nodes[child].next
    }
    return elements
  }

  /// The members of an object, in order; none for everything else.
  package var members: [(name: String, value: JSONElement)] {
    guard node.kind == .object else { return [] }
    var members: [(name: String, value: JSONElement)] = []
    var child = index + 1
    while child < node.next {
      let value = document.nodes[child].next
      let name = JSONElement(document: document, index: child).string ?? ""
      members.append((name, JSONElement(document: document, index: value)))
      child = document.nodes[value].next
    }
    return members
  }

  package var kind: JSONDocument.Kind { node.kind }

  /// A string's bytes without its escapes; `nil` for an escape that JSON does not have.
  static func unescaped(_ escaped: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(escaped.count)
    var rest = escaped
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "/"): bytes.append(UInt8(ascii: "/"))
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"):
        guard let scalar = scalar(&rest) else { return nil }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      default: return nil
      }
    }
    return bytes
  }

  /// The scalar of four hexadecimal digits, or of two such escapes where they are a surrogate pair.
  private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
    guard let first = unit(&rest) else { return nil }
    if let scalar = Unicode.Scalar(first) { return scalar }
    var ahead = rest
    guard first < 0xDC00, ahead.popFirst() == UInt8(ascii: "\\"), ahead.popFirst() == UInt8(ascii: "u"),
      let second = unit(&ahead), (0xDC00...0xDFFF).contains(second)
    else { return "\u{FFFD}" }
    rest = ahead
    return Unicode.Scalar(0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00))
  }

  private static func unit(_ rest: inout ArraySlice<UInt8>) -> UInt16? {
    guard rest.count >= 4 else { return nil }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = rest.popFirst().flatMap(hexadecimal) else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// What a hexadecimal digit stands for.
  static func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension JSONDocument {
  /// The text of a string; `nil` for everything else.
  func string(_ index: Int) -> String? {
    let node = nodes[index]
    switch node.kind {
    case .string: return String(decoding: bytes[node.start..<node.end], as: UTF8.self)
    case .escapedString:
      return JSONElement.unescaped(bytes[node.start..<node.end]).map { String(decoding: $0, as: UTF8.self) }
    default: return nil
    }
  }
}
