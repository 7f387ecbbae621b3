import BotEngine
import WebexProtocol

// A bot's values as `google.protobuf.Struct` has them.

extension BotValue {
  init(_ value: StructValue) {
    switch value {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .number(let number): self = .number(number)
    case .string(let string): self = .string(string)
    case .list(let list): self = .list(list.map(BotValue.init))
    case .object(let object): self = .object(object.mapValues(BotValue.init))
    }
  }
}

extension StructValue {
  init(_ value: BotValue) {
    switch value {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .number(let number): self = .number(number)
    case .string(let string): self = .string(string)
    case .list(let list): self = .list(list.map(StructValue.init))
    case .object(let object): self = .object(object.mapValues(StructValue.init))
    }
  }
}
