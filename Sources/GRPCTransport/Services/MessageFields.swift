import Basics

/// The fields of a protobuf message, one after the other, for the few small messages that this layer reads by hand.
///
/// Bounded by the message: every length is checked before it is used.
struct MessageFields {
  /// A field's value as it is on the wire.
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
    /// A fixed number of four or eight bytes: nothing that is read here has one.
    case fixed
  }

  /// What is wrong with the message, in a few words.
  typealias FormatError = TextError<MessageFields>

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field, `nil` at the message's end.
  mutating func next() throws(FormatError) -> (field: UInt64, value: Value)? {
    if rest.isEmpty { return nil }
    let tag = try varint()
    let field = tag >> 3
    guard field >= 1, field <= 536_870_911 else { throw FormatError("a field number out of range") }
    switch tag & 7 {
    case 0: return (field, .number(try varint()))
    case 1:
      _ = try bytes(8)
      return (field, .fixed)
    case 5:
      _ = try bytes(4)
      return (field, .fixed)
    case 2:
      guard let count = Int(exactly: try varint()) else { throw FormatError("a field longer than the message") }
      return (field, .bytes(try bytes(count)))
    default: throw FormatError("an unknown wire type")
    }
  }

  private mutating func bytes(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw FormatError("a field longer than the message") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private mutating func varint() throws(FormatError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
      guard let byte = rest.popFirst() else { throw FormatError("cut off in a number") }
      if shift == 63 && byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw FormatError("a number over 64 bits")
  }
}

extension [UInt8] {
  /// Appends a field of bytes: a message, a text.
  mutating func append(field: UInt8, _ bytes: some Collection<UInt8>) {
    append(field << 3 | 2)
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  /// Appends a field with a number; proto3 leaves a zero out.
  mutating func append(field: UInt8, _ number: UInt64) {
    guard number != 0 else { return }
    append(field << 3)
    append(varint: number)
  }

  private mutating func append(varint: UInt64) {
    var rest = varint
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
