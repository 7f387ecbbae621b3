/// Trailers that end a stream in the server's place.
enum Trailers {
  /// RESOURCE_EXHAUSTED, as the transport itself says it of a message that is too large.
  static func refusal(of stream: UInt32, message: Int, limit: Int) -> [UInt8] {
    var block: [UInt8] = []
    // Literals that are not indexed (RFC 7541, section 6.2.2): the tables of the two sides stay the same.
    append("grpc-status", "8", to: &block)
    append("grpc-message", "the server sent a message of \(message) bytes; at most \(limit) are accepted", to: &block)
    var frame = [UInt8](repeating: 0, count: FrameHeader.size)
    frame[1] = UInt8(truncatingIfNeeded: block.count >> 8)
    frame[2] = UInt8(truncatingIfNeeded: block.count)
    frame[3] = FrameHeader.headers
    frame[4] = 0x5  // END_STREAM, END_HEADERS
    for place in 0..<4 { frame[5 + place] = UInt8(truncatingIfNeeded: stream >> (24 - 8 * UInt32(place))) }
    return frame + block
  }

  private static func append(_ name: String, _ value: String, to block: inout [UInt8]) {
    block.append(0)
    for text in [name, value] {
      // Seven bits hold lengths below 127; both texts are our own and shorter.
      block.append(UInt8(min(text.utf8.count, 126)))
      block.append(contentsOf: text.utf8.prefix(126))
    }
  }
}
