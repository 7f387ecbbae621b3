package import BotEngine
package import Wire

extension BotValue {
  /// The levels of objects and lists that are written: what the platform is sent stays within what we take ourselves.
  static let maximumDepth = 16

  /// A copy of a `google.protobuf.Struct`; none is empty. Of two entries of one key the last counts. The depth is what
  /// the scan let pass.
  package static func object(_ message: UnsafePointer<Google__Protobuf__Struct>?) -> [String: BotValue] {
    guard let message else { return [:] }
    var object: [String: BotValue] = [:]
    for entry in UnsafeBufferPointer(start: message.pointee.fields, count: message.pointee.n_fields) {
      guard let entry else { continue }
      object[BorrowedText(entry.pointee.key).string] = BotValue(entry.pointee.value)
    }
    return object
  }

  private init(_ message: UnsafePointer<Google__Protobuf__Value>?) {
    guard let value = message?.pointee else {
      self = .null
      return
    }
    switch value.kind_case {
    case GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE: self = .number(value.number_value)
    case GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE: self = .string(BorrowedText(value.string_value).string)
    case GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE: self = .bool(value.bool_value != 0)
    case GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE: self = .object(Self.object(value.struct_value))
    case GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE:
      guard let list = value.list_value else {
        self = .list([])
        return
      }
      let values = UnsafeBufferPointer(start: list.pointee.values, count: list.pointee.n_values)
      self = .list(values.map { BotValue($0) })
    default: self = .null
    }
  }

  /// Builds a `google.protobuf.Struct`; entries in the order of their keys, so that equal values give equal bytes.
  package static func build(
    _ object: [String: BotValue], _ builder: MessageBuilder, depth: Int = 1
  ) -> UnsafeMutablePointer<Google__Protobuf__Struct> {
    let message = builder.make(google__protobuf__struct__init)
    let entries = object.sorted { $0.key < $1.key }.map { key, value in
      let entry = builder.make(google__protobuf__struct__fields_entry__init)
      entry.pointee.key = builder.text(key)
      entry.pointee.value = value.build(builder, depth: depth)
      return entry
    }
    (message.pointee.n_fields, message.pointee.fields) = builder.array(entries)
    return message
  }

  private func build(_ builder: MessageBuilder, depth: Int) -> UnsafeMutablePointer<Google__Protobuf__Value> {
    let message = builder.make(google__protobuf__value__init)
    switch self {
    case .number(let number):
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE
      message.pointee.number_value = number
    case .string(let string):
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE
      message.pointee.string_value = builder.text(string)
    case .bool(let bool):
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE
      message.pointee.bool_value = bool ? 1 : 0
    case .object(let object) where depth < Self.maximumDepth:
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE
      message.pointee.struct_value = Self.build(object, builder, depth: depth + 1)
    case .list(let values) where depth < Self.maximumDepth:
      let list = builder.make(google__protobuf__list_value__init)
      (list.pointee.n_values, list.pointee.values) = builder.array(values.map { $0.build(builder, depth: depth + 1) })
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE
      message.pointee.list_value = list
    case .null, .object, .list:
      message.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE
      message.pointee.null_value = GOOGLE__PROTOBUF__NULL_VALUE__NULL_VALUE
    }
    return message
  }
}
