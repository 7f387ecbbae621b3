extension [UInt8] {
  /// Appends a tag or a length as protobuf's wire format has it, in at most five bytes.
  package mutating func append(varint value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
