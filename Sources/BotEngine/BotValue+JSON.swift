package import JSONText

extension BotValue {
  /// The same value. Its depth is the document's, which is bounded.
  package init(_ element: JSONElement) {
    switch element.kind {
    case .object:
      self = .object([String: BotValue](element.members.map { ($0.name, BotValue($0.value)) }) { first, _ in first })
    case .array: self = .list(element.elements.map { BotValue($0) })
    case .string, .escapedString: self = .string(element.string ?? "")
    case .number: self = element.double.map { $0.isFinite ? .number($0) : .null } ?? .null
    case .yes: self = .bool(true)
    case .no: self = .bool(false)
    case .null: self = .null
    }
  }

  /// The value as JSON.
  package var json: String {
    var writer = JSONWriter()
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONWriter {
  /// Any value of a bot's.
  package mutating func value(_ value: BotValue) {
    switch value {
    case .null: null()
    case .bool(let bool): self.bool(bool)
    case .number(let number): self.number(number)
    case .string(let text): string(text)
    case .list(let list): array { for item in list { $0.value(item) } }
    case .object(let object):
      self.object { for (name, item) in object.sorted(by: { $0.key < $1.key }) { $0.member(name) { $0.value(item) } } }
    }
  }
}
