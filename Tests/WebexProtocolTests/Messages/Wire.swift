/// Writes protobuf's wire format by hand, so that tests can write what no encoder would.
enum Wire {
  static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func tag(_ number: UInt64, _ type: UInt64) -> [UInt8] { varint(number << 3 | type) }

  static func number(_ number: UInt64, _ value: UInt64) -> [UInt8] { tag(number, 0) + varint(value) }

  static func bytes(_ number: UInt64, _ value: [UInt8]) -> [UInt8] {
    tag(number, 2) + varint(UInt64(value.count)) + value
  }

  static func text(_ number: UInt64, _ value: String) -> [UInt8] { bytes(number, Array(value.utf8)) }

  /// `parameters` of so many levels, each holding the next under "k": a `Struct` that is level 1, and so on.
  static func nestedStruct(levels: Int) -> [UInt8] {
    // Built from the inside out and backwards, or deep ones would take quadratic time.
    var reversed: [UInt8] = []
    func wrap(_ number: UInt64) { reversed += (tag(number, 2) + varint(UInt64(reversed.count))).reversed() }
    for _ in 0..<levels - 1 {
      wrap(5)  // Value.struct_value
      wrap(2)  // FieldsEntry.value
      reversed += text(1, "k").reversed()  // FieldsEntry.key
      wrap(1)  // Struct.fields
    }
    return reversed.reversed()
  }

  /// A `ListValue` of so many levels, each holding only the next.
  static func nestedList(levels: Int) -> [UInt8] {
    var reversed: [UInt8] = []
    func wrap(_ number: UInt64) { reversed += (tag(number, 2) + varint(UInt64(reversed.count))).reversed() }
    for _ in 0..<levels - 1 {
      wrap(6)  // Value.list_value
      wrap(1)  // ListValue.values
    }
    return reversed.reversed()
  }

  /// An event with these bytes as its `parameters`.
  static func event(parameters: [UInt8]) -> [UInt8] { bytes(8, number(1, 5) + bytes(3, parameters)) }
}
