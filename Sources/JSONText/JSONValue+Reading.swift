extension JSONValue {
  /// How deep arrays and objects of a text from strangers may nest.
  public static let maximumDepth = 8
  /// How many values such a text may hold in all, arrays and objects included.
  public static let maximumValues = 8_192

  /// The value that a text from strangers spells (RFC 8259, and RFC 8725 section 2.4 on what lax readers cost): bounded,
  /// exact in syntax, and refused where two readers could understand it differently.
  ///
  /// Refused besides what the grammar refuses: a byte order mark (see ``withoutByteOrderMark(_:)``), nesting deeper than 8,
  /// more than `maximumValues` values, a member name that occurs twice in one object, invalid UTF-8, unpaired surrogates,
  /// U+0000, and anything but white space after the value.
  public init(parsing bytes: [UInt8], maximumValues: Int = Self.maximumValues) throws(JSONError) {
    let rules = JSONDocument.Rules(
      maximumDepth: Self.maximumDepth, maximumValues: maximumValues, checksStrings: true)
    let document = try JSONDocument(bytes, rules)
    try self.init(document, 0)
  }

  /// A document without the UTF-8 byte order mark that some servers put before it; a reader may ignore it (RFC 8259
  /// section 8.1).
  public static func withoutByteOrderMark(_ document: [UInt8]) -> [UInt8] {
    document.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(document.dropFirst(3)) : document
  }

  private init(_ document: JSONDocument, _ index: Int) throws(JSONError) {
    let node = document.nodes[index]
    var child = index + 1
    switch node.kind {
    case .object:
      var members: [JSONObject.Member] = []
      // Objects of a token have about ten members, where looking through them beats hashing; a hostile one has thousands.
      var names: Set<[UInt8]> = []
      while child < node.next {
        let name = document.string(child) ?? ""
        let isNew: Bool
        if members.count < 16 {
          isNew = !members.contains { $0.name.hasSameBytes(as: name) }
        } else {
          if names.isEmpty { names = Set(members.map { Array($0.name.utf8) }) }
          isNew = names.insert(Array(name.utf8)).inserted
        }
        guard isNew else { throw JSONError(reason: .duplicateName, offset: document.nodes[child].start - 1) }
        members.append(.init(name: name, value: try JSONValue(document, child + 1)))
        child = document.nodes[child + 1].next
      }
      self = .object(JSONObject(members: members))
    case .array:
      var elements: [JSONValue] = []
      while child < node.next {
        elements.append(try JSONValue(document, child))
        child = document.nodes[child].next
      }
      self = .array(elements)
    case .string, .escapedString: self = .string(document.string(index) ?? "")
    case .number: self = .number(JSONNumber(spelling: document.bytes[node.start..<node.end]))
    case .yes: self = .bool(true)
    case .no: self = .bool(false)
    case .null: self = .null
    }
  }
}

extension JSONNumber {
  /// A number as the grammar has it.
  init(spelling bytes: ArraySlice<UInt8>) {
    let isDigit = { (byte: UInt8) in byte &- 0x30 < 10 }
    let whole = bytes.prefix(while: isDigit)
    let rest = bytes[whole.endIndex...]
    let isWhole =
      !whole.isEmpty && (rest.isEmpty || rest.first == UInt8(ascii: ".") && rest.dropFirst().allSatisfy { $0 == 0x30 })
    self.init(
      literal: String(decoding: bytes, as: UTF8.self),
      wholeValue: isWhole ? Int64(String(decoding: whole, as: UTF8.self)) : nil)
  }
}
