/// Reads the numbers of protobuf's wire format. Positions stay within the end that is given.
enum WireReader {
  /// Reads a tag or a length: a varint of at most 5 bytes and 32 bits. On failure the position is the end where the
  /// bytes ran out, and before it where the varint is malformed.
  @inline(__always)
  static func varint32(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int) -> UInt32? {
    guard position < end else { return nil }
    let first = bytes[position]
    if first < 0x80 {
      position &+= 1
      return UInt32(first)
    }
    return longVarint32(bytes, &position, end)
  }

  @inline(never)
  private static func longVarint32(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int) -> UInt32? {
    var value: UInt64 = 0
    for index in 0..<5 {
      guard position + index < end else {
        position = end
        return nil
      }
      let byte = bytes[position + index]
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte < 0x80 {
        guard let result = UInt32(exactly: value) else { return nil }
        position += index + 1
        return result
      }
    }
    return nil
  }

  /// Steps over a varint of at most 10 bytes; as everywhere, bits beyond the 64th are ignored. The position after a failure: as for ``varint32(_:_:_:)``.
  @inline(__always)
  static func skipVarint(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int) -> Bool {
    for index in 0..<10 {
      guard position &+ index < end else {
        position = end
        return false
      }
      let byte = bytes[position &+ index]
      if byte < 0x80 {
        position &+= index &+ 1
        return true
      }
    }
    return false
  }

  /// Steps over a value; gives the bytes of a length-delimited one without its length.
  static func value(
    _ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int, wireType: UInt32
  ) -> Range<Int>? {
    switch wireType {
    case 0:
      guard skipVarint(bytes, &position, end) else { return nil }
    case 1: position += 8
    case 5: position += 4
    default:
      guard let length = varint32(bytes, &position, end), Int(length) <= end - position else { return nil }
      let start = position
      position += Int(length)
      return start..<position
    }
    return position <= end ? position..<position : nil
  }
}
