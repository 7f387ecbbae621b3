/// A parsed JSON text (RFC 8259).
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// The text, if this is a string.
  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The elements, if this is an array.
  public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members, if this is an object.
  public var object: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }

  /// The same, without an object's own members that are null.
  package var withoutNullMembers: JSONValue {
    guard case .object(let object) = self else { return self }
    return .object(JSONObject(members: object.members.filter { $0.value != .null }))
  }
}

/// A JSON number as it was written. Whole numbers have a value; of others, the whole numbers around them are known.
public struct JSONNumber: Sendable, Hashable {
  /// The number as written.
  public let literal: String
  /// The value where the literal has no sign, no exponent, no fraction but zeros (`12`, `12.0`), and fits.
  public let wholeValue: Int64?

  package init(literal: String, wholeValue: Int64?) {
    self.literal = literal
    self.wholeValue = wholeValue
  }

  /// A whole number, not negative.
  public init(_ value: Int64) {
    self.init(literal: String(value), wholeValue: value < 0 ? nil : value)
  }
}

/// The members of a JSON object in their order. Names are compared byte for byte: Swift's own string equality is
/// canonical equivalence, under which U+212A KELVIN SIGN equals "K".
public struct JSONObject: Sendable, Hashable {
  /// A member.
  public struct Member: Sendable, Hashable {
    /// The name, unescaped.
    public var name: String
    /// The value.
    public var value: JSONValue
  }

  /// The members, in order, each name once.
  public private(set) var members: [Member]

  package init(members: [Member]) { self.members = members }

  /// An object of these members.
  public init(_ members: KeyValuePairs<String, JSONValue>) {
    self.members = members.map { Member(name: $0.key, value: $0.value) }
  }

  /// The value of the member of this name. Setting nil removes it, setting a new name appends it.
  public subscript(name: String) -> JSONValue? {
    get { members.first { $0.name.hasSameBytes(as: name) }?.value }
    set {
      let index = members.firstIndex { $0.name.hasSameBytes(as: name) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }
}

extension String {
  /// Whether two texts are the same UTF-8 bytes; `==` would take canonically equivalent texts for equal.
  package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension JSONValue {
  /// This value as compact JSON text.
  public var text: String {
    var writer = JSONWriter()
    write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .bool(let value): writer.bool(value)
    case .number(let number): writer.literal(number.literal)
    case .string(let value): writer.string(value)
    case .array(let elements): writer.array { for element in elements { element.write(to: &$0) } }
    case .object(let object):
      writer.object { for member in object.members { $0.member(member.name) { member.value.write(to: &$0) } } }
    }
  }
}
