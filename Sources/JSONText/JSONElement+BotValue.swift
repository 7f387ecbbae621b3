package import BotEngine

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
}
