/// A JSON reader for hostile input (RFC 8259, and RFC 8725 section 2.4 on what lax readers cost): bounded in depth, exact
/// in syntax, and refusing whatever two readers could understand differently.
///
/// Refused besides what the grammar refuses: a byte order mark (see ``withoutByteOrderMark(_:)``), nesting deeper than 8, more
/// than 8,192 values (unless told otherwise), a member name that occurs twice in one object, invalid UTF-8, unpaired
/// surrogates, U+0000, and anything but white space after the value.
public enum StrictJSON {
  /// How deep arrays and objects may nest.
  public static let maximumDepth = 8
  /// How many values a text may hold in all, arrays and objects included.
  public static let maximumValues = 8_192

  /// What is wrong with a text and at which byte of it.
  public struct FormatError: Error, Sendable, Hashable {
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
      case tooDeep = "nesting deeper than 8 levels"
      case tooMany = "more values than may be"
      case trailingBytes = "something after the end of the value"
    }

    /// What is wrong.
    public let fault: Reason
    /// Where, in bytes from the beginning.
    public let offset: Int
  }

  /// A document without the UTF-8 byte order mark that some servers put before it; a reader may ignore it (RFC 8259
  /// section 8.1).
  public static func withoutByteOrderMark(_ document: [UInt8]) -> [UInt8] {
    document.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(document.dropFirst(3)) : document
  }

  /// The value that `bytes` spell, of at most `maximumValues` values in all.
  public static func parse(
    _ bytes: [UInt8], maximumValues: Int = Self.maximumValues
  ) throws(FormatError) -> JSONValue {
    var reader = Reader(bytes: bytes, maximumValues: maximumValues)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.fault(.trailingBytes) }
    return value
  }
}

extension StrictJSON.FormatError: CustomStringConvertible {
  /// What is wrong and where, without the text itself.
  public var description: String { "\(fault.rawValue), at byte \(offset)" }
}

private struct Reader {
  let bytes: [UInt8]
  var position = 0
  var values = 0
  let maximumValues: Int

  init(bytes: [UInt8], maximumValues: Int) {
    self.bytes = bytes
    self.maximumValues = maximumValues
  }

  func fault(_ fault: StrictJSON.FormatError.Reason, at offset: Int? = nil) -> StrictJSON.FormatError {
    .init(fault: fault, offset: offset ?? position)
  }

  /// The fault for a byte that is not what the grammar wants here, or for there being none.
  func unexpected() -> StrictJSON.FormatError {
    fault(position < bytes.count ? .unexpectedByte : .unexpectedEnd)
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  mutating func expect(_ literal: StaticString) throws(StrictJSON.FormatError) {
    for index in 0..<literal.utf8CodeUnitCount {
      guard skip(literal.utf8Start[index]) else { throw unexpected() }
    }
  }

  /// A value that `depth` arrays and objects enclose.
  mutating func value(depth: Int) throws(StrictJSON.FormatError) -> JSONValue {
    skipSpace()
    values += 1
    guard values <= maximumValues else { throw fault(.tooMany) }
    guard let first = next else { throw unexpected() }
    switch first {
    case UInt8(ascii: "{"):
      guard depth < StrictJSON.maximumDepth else { throw fault(.tooDeep) }
      return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["):
      guard depth < StrictJSON.maximumDepth else { throw fault(.tooDeep) }
      return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try expect("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try expect("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try expect("null")
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw unexpected()
    }
  }

  mutating func object(depth: Int) throws(StrictJSON.FormatError) -> JSONObject {
    position += 1
    var members: [JSONObject.Member] = []
    // Objects of a token have about ten members, where looking through them beats hashing; a hostile one has thousands.
    var names: Set<[UInt8]> = []
    skipSpace()
    if skip(UInt8(ascii: "}")) { return JSONObject(members: []) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw unexpected() }
      let start = position
      let name = try string()
      if members.count < 16 {
        guard !members.contains(where: { $0.name.hasSameBytes(as: name) }) else {
          throw fault(.duplicateName, at: start)
        }
      } else {
        if names.isEmpty { names = Set(members.map { Array($0.name.utf8) }) }
        guard names.insert(Array(name.utf8)).inserted else { throw fault(.duplicateName, at: start) }
      }
      skipSpace()
      guard skip(UInt8(ascii: ":")) else { throw unexpected() }
      members.append(.init(name: name, value: try value(depth: depth)))
      skipSpace()
      if skip(UInt8(ascii: "}")) { return JSONObject(members: members) }
      guard skip(UInt8(ascii: ",")) else { throw unexpected() }
    }
  }

  mutating func array(depth: Int) throws(StrictJSON.FormatError) -> [JSONValue] {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if skip(UInt8(ascii: "]")) { return [] }
    while true {
      elements.append(try value(depth: depth))
      skipSpace()
      if skip(UInt8(ascii: "]")) { return elements }
      guard skip(UInt8(ascii: ",")) else { throw unexpected() }
    }
  }

  mutating func digits() -> Range<Int> {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return start..<position
  }

  mutating func number() throws(StrictJSON.FormatError) -> JSONNumber {
    let start = position
    let isNegative = skip(UInt8(ascii: "-"))
    let whole = digits()
    guard !whole.isEmpty, whole.count == 1 || bytes[whole.lowerBound] != UInt8(ascii: "0") else {
      throw fault(.badNumber, at: start)
    }
    var isWhole = !isNegative
    if skip(UInt8(ascii: ".")) {
      let fraction = digits()
      guard !fraction.isEmpty else { throw fault(.badNumber, at: start) }
      if bytes[fraction].contains(where: { $0 != UInt8(ascii: "0") }) { isWhole = false }
    }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      guard !digits().isEmpty else { throw fault(.badNumber, at: start) }
      isWhole = false
    }
    return JSONNumber(
      literal: String(decoding: bytes[start..<position], as: UTF8.self),
      wholeValue: isWhole ? Int64(String(decoding: bytes[whole], as: UTF8.self)) : nil)
  }

  mutating func string() throws(StrictJSON.FormatError) -> String {
    position += 1
    let start = position
    // The common case first: a run of plain ASCII up to the closing quote.
    while let byte = next, byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    if next == UInt8(ascii: "\"") {
      defer { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    var text = Array(bytes[start..<position])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault(byte == 0 ? .nul : .controlCharacter)
      case 0x20..<0x80:
        text.append(byte)
        position += 1
      default: try multibyte(into: &text)
      }
    }
    throw fault(.unexpectedEnd)
  }

  mutating func escape(into text: inout [UInt8]) throws(StrictJSON.FormatError) {
    let start = position
    position += 1
    guard let letter = next else { throw fault(.unexpectedEnd) }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal(start)
      if (0xD800..<0xDC00).contains(code) {
        guard skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { throw fault(.unpairedSurrogate, at: start) }
        let low = try hexadecimal(start)
        guard (0xDC00..<0xE000).contains(low) else { throw fault(.unpairedSurrogate, at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard code != 0 else { throw fault(.nul, at: start) }
      guard let scalar = Unicode.Scalar(code) else { throw fault(.unpairedSurrogate, at: start) }
      text.append(contentsOf: String(scalar).utf8)
    default: throw fault(.badEscape, at: start)
    }
  }

  mutating func hexadecimal(_ start: Int) throws(StrictJSON.FormatError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw fault(.unexpectedEnd) }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw fault(.badEscape, at: start)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  /// One character of two to four bytes, by the table of well-formed sequences (Unicode, table 3-7).
  mutating func multibyte(into text: inout [UInt8]) throws(StrictJSON.FormatError) {
    let lead = bytes[position]
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
    default: throw fault(.invalidUTF8)
    }
    guard bytes.count - position >= count, second.contains(bytes[position + 1]),
      bytes[(position + 2)..<(position + count)].allSatisfy({ (0x80...0xBF).contains($0) })
    else { throw fault(.invalidUTF8) }
    text.append(contentsOf: bytes[position..<(position + count)])
    position += count
  }
}
