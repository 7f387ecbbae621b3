/// What a string has to be before C may have it: UTF-8 (protobuf's rule, which protobuf-c does not check) without NUL,
/// where the C string would end. An identifier has no control characters at all, as it goes into logs and keys.
enum WireText {
  /// What is wrong with the text, if anything.
  static func check(_ text: UnsafeBufferPointer<UInt8>, isIdentifier: Bool) -> MessageError.Reason? {
    guard let start = text.baseAddress else { return nil }
    let high: UInt64 = 0x8080_8080_8080_8080
    let ones: UInt64 = 0x0101_0101_0101_0101
    var index = 0
    // Eight characters at a time as long as they are plain: no high bit, nothing below the floor, no DEL in an
    // identifier. A subtraction borrows into the next byte only below a byte that is itself found.
    let floor = isIdentifier ? ones &* 0x20 : ones
    while text.count - index >= 8 {
      let word = UnsafeRawPointer(start + index).loadUnaligned(as: UInt64.self)
      var special = (word | ((word &- floor) & ~word)) & high
      if isIdentifier {
        let delete = word ^ (ones &* 0x7F)
        special |= (delete &- ones) & ~delete & high
      }
      guard special == 0 else { break }
      index += 8
    }
    while index < text.count {
      let byte = start[index]
      if byte < 0x80 {
        if byte == 0 || isIdentifier && (byte < 0x20 || byte == 0x7F) { return .forbiddenCharacter }
        index += 1
        continue
      }
      let length = sequenceLength(UnsafeBufferPointer(rebasing: text[index...]))
      if length == 0 { return .invalidUTF8 }
      // U+0080 to U+009F.
      if isIdentifier && byte == 0xC2 && start[index + 1] < 0xA0 { return .forbiddenCharacter }
      index += length
    }
    return nil
  }

  /// Bytes of the well-formed sequence at the start (Unicode Standard, table 3-7), which has a first byte above 0x7F; 0
  /// where there is none.
  private static func sequenceLength(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch text[0] {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: length = 4
    default: return 0
    }
    guard text.count >= length, second.contains(text[1]) else { return 0 }
    for index in 2..<max(length, 2) where text[index] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
