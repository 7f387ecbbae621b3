/// One pass over a text. Every position that is read has been compared with the end.
struct JSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let rules: JSONDocument.Rules
  /// The highest bits of eight bytes, where a byte beyond ASCII is to be looked at.
  private let beyondASCII: UInt64
  private var position = 0
  private var values = 0
  private(set) var nodes: [JSONDocument.Node] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ rules: JSONDocument.Rules) {
    self.bytes = bytes
    self.rules = rules
    beyondASCII = rules.checksStrings ? 0x8080_8080_8080_8080 : 0
    // A message with audio on the virtual agent's wire has some thirty.
    nodes.reserveCapacity(48)
  }

  mutating func read() throws(JSONError) {
    try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error(.trailingBytes) }
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
    JSONError(reason: reason, offset: offset ?? position)
  }

  /// The error for a byte that is not what the grammar wants here, or for there being none.
  private func unexpected() -> JSONError { error(position < bytes.count ? .unexpectedByte : .unexpectedEnd) }

  private mutating func skipSpace() {
    while let byte, byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func begin(_ kind: JSONDocument.Kind) -> Int {
    nodes.append(.init(kind: kind, start: position, end: position, next: 0))
    return nodes.count - 1
  }

  private mutating func finish(_ node: Int) {
    nodes[node].end = position
    nodes[node].next = nodes.count
  }

  /// A value that `depth` arrays and objects enclose.
  private mutating func value(depth: Int) throws(JSONError) {
    skipSpace()
    values += 1
    guard values <= rules.maximumValues else { throw error(.tooMany) }
    switch byte {
    case UInt8(ascii: "{"): try container(.object, depth: depth, closing: UInt8(ascii: "}"))
    case UInt8(ascii: "["): try container(.array, depth: depth, closing: UInt8(ascii: "]"))
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    case let first? where first == UInt8(ascii: "-") || first &- 0x30 < 10: try number()
    default: throw unexpected()
    }
  }

  private mutating func container(_ kind: JSONDocument.Kind, depth: Int, closing: UInt8) throws(JSONError) {
    guard depth < rules.maximumDepth else { throw error(.tooDeep) }
    let node = begin(kind)
    position += 1
    skipSpace()
    if byte == closing {
      position += 1
      return finish(node)
    }
    while true {
      if kind == .object {
        skipSpace()
        guard byte == UInt8(ascii: "\"") else { throw unexpected() }
        try string()
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw unexpected() }
        position += 1
      }
      try value(depth: depth + 1)
      skipSpace()
      let end = byte
      guard end == closing || end == UInt8(ascii: ",") else { throw unexpected() }
      position += 1
      if end == closing { return finish(node) }
    }
  }

  private mutating func string() throws(JSONError) {
    position += 1
    let node = begin(.string)
    while true {
      skipPlain()
      switch byte {
      case UInt8(ascii: "\""):
        finish(node)
        position += 1
        return
      case UInt8(ascii: "\\"):
        nodes[node].kind = .escapedString
        if rules.checksStrings { try escape() } else { position += 2 }
      case let byte? where byte >= 0x80 && rules.checksStrings: try multibyte(byte)
      case let byte? where byte >= 0x20: position += 1
      case let byte?: throw error(byte == 0 ? .nul : .controlCharacter)
      case nil: throw error(.unexpectedEnd, at: bytes.count)
      }
    }
  }

  /// Eight characters at a time, as long as none of them is a quote, a backslash, a control character or one to be looked
  /// at. A subtraction borrows into the next byte only below a byte that is itself found.
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
      special |= word & beyondASCII
      guard special & (ones &* 0x80) == 0 else { return }
      position += 8
    }
  }

  /// An escape that means a character other than U+0000.
  private mutating func escape() throws(JSONError) {
    let start = position
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    case UInt8(ascii: "u"):
      switch try hexadecimal(start) {
      case 0: throw error(.nul, at: start)
      case 0xD800..<0xDC00:
        guard byte == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u") else {
          throw error(.unpairedSurrogate, at: start)
        }
        position += 1
        guard (0xDC00..<0xE000).contains(try hexadecimal(start)) else { throw error(.unpairedSurrogate, at: start) }
      case 0xDC00..<0xE000: throw error(.unpairedSurrogate, at: start)
      default: break
      }
    case nil: throw error(.unexpectedEnd)
    default: throw error(.badEscape, at: start)
    }
  }

  /// The four digits after a `u`.
  private mutating func hexadecimal(_ start: Int) throws(JSONError) -> UInt16 {
    var code: UInt16 = 0
    for _ in 0..<4 {
      position += 1
      guard let byte else { throw error(.unexpectedEnd) }
      guard let digit = JSONElement.hexadecimal(byte) else { throw error(.badEscape, at: start) }
      code = code << 4 | UInt16(digit)
    }
    position += 1
    return code
  }

  /// One character of two to four bytes, by the table of well-formed sequences (Unicode, table 3-7).
  private mutating func multibyte(_ lead: UInt8) throws(JSONError) {
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE, 0xEF: count = 3
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: count = 4
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    default: throw error(.invalidUTF8)
    }
    guard bytes.count - position >= count, second.contains(bytes[position + 1]),
      bytes[(position + 2)..<(position + count)].allSatisfy({ (0x80...0xBF).contains($0) })
    else { throw error(.invalidUTF8) }
    position += count
  }

  private mutating func word(_ text: StaticString, _ kind: JSONDocument.Kind) throws(JSONError) {
    let node = begin(kind)
    for index in 0..<text.utf8CodeUnitCount {
      guard byte == text.utf8Start[index] else { throw unexpected() }
      position += 1
    }
    finish(node)
  }

  private mutating func number() throws(JSONError) {
    let node = begin(.number)
    if byte == UInt8(ascii: "-") { position += 1 }
    let first = byte
    let whole = digits()
    var isNumber = whole == 1 || whole > 1 && first != UInt8(ascii: "0")
    if byte == UInt8(ascii: ".") {
      position += 1
      isNumber = digits() > 0 && isNumber
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      isNumber = digits() > 0 && isNumber
    }
    guard isNumber else { throw error(.badNumber, at: nodes[node].start) }
    finish(node)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }
}
