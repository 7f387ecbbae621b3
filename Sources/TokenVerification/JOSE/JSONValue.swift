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
  var withoutNullMembers: JSONValue {
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

  init(literal: String, wholeValue: Int64?) {
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

  init(members: [Member]) { self.members = members }

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
  func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension JSONValue {
  /// This value as compact JSON text.
  public var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let number): text += number.literal
    case .string(let value): Self.write(value, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        element.write(to: &text)
      }
      text += "]"
    case .object(let object):
      text += "{"
      for (index, member) in object.members.enumerated() {
        if index > 0 { text += "," }
        Self.write(member.name, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
