/// Where a stream is within its gRPC messages: bytes of DATA in, the sizes that the messages declare out.
struct MessageCursor {
  /// Bytes of the current message that are still to come.
  private var left = 0
  private var prefix: UInt64 = 0
  private var prefixBytes = 0
  /// The size of a message that is too large; nothing is followed after it.
  private(set) var excess: Int?

  /// Follows the next bytes of the stream.
  ///
  /// - Returns: how many messages began.
  mutating func follow(_ bytes: Span<UInt8>, maximumMessage: Int) -> Int {
    var index = 0
    var messages = 0
    while index < bytes.count, excess == nil {
      if left > 0 {
        let count = min(left, bytes.count - index)
        left -= count
        index += count
        continue
      }
      // A flag and four bytes of length, which may come in different frames.
      prefix = prefix << 8 | UInt64(bytes[index])
      prefixBytes += 1
      index += 1
      guard prefixBytes == 5 else { continue }
      messages += 1
      left = Int(prefix & 0xFFFF_FFFF)
      if left > maximumMessage { excess = left }
      prefix = 0
      prefixBytes = 0
    }
    return messages
  }
}
