import Testing

@testable import BotConnections

@Suite("The parts of a frame: header, messages and trailers, in whatever pieces they come")
struct FramePartsTests {
  @Test("FrameHeader reads its nine bytes, and no reserved bit is part of a stream's number")
  func header() {
    let bytes = [7, 7] + Frames.frame(1, flags: 0xD, stream: 0xFFFF_FFFF, [UInt8](repeating: 0, count: 70_000))
    let header = FrameHeader(bytes.span, at: 2)
    #expect(header.length == 70_000 && header.type == FrameHeader.headers && header.stream == 0x7FFF_FFFF)
    #expect(header.endsStream && header.endsHeaders && header.isPadded)
    let settings = Frames.settings
    let plain = FrameHeader(settings.span, at: 0)
    #expect(!plain.endsStream && !plain.isAcknowledgement && !plain.endsHeaders && !plain.isPadded)
  }

  @Test("a frame is named as in RFC 9113, and one that is unknown by its number")
  func names() {
    func name(_ type: Int) -> String {
      let frame = Frames.frame(type)
      return FrameHeader(frame.span, at: 0).name
    }
    #expect(name(0) == "DATA" && name(3) == "RST_STREAM" && name(7) == "GOAWAY" && name(9) == "CONTINUATION")
    #expect(name(10) == "of the unknown type 10" && name(255) == "of the unknown type 255")
  }

  @Test("MessageCursor counts the messages that begin, however they are cut", arguments: [1, 2, 3, 4, 5, 6, 1000])
  func messages(piece: Int) {
    let bytes = Frames.message(3) + Frames.message(0) + Frames.message(10)
    var cursor = MessageCursor()
    var count = 0
    for start in stride(from: 0, to: bytes.count, by: piece) {
      let part = Array(bytes[start..<min(start + piece, bytes.count)])
      count += cursor.follow(part.span, maximumMessage: 10)
    }
    #expect(count == 3 && cursor.excess == nil)
  }

  @Test("MessageCursor stops at a message that is too large, and tells its size")
  func excess() {
    var cursor = MessageCursor()
    let bytes = Frames.message(10) + Frames.message(0xFFFF_FFFF, 0) + Frames.message(1)
    let begun = cursor.follow(bytes.span, maximumMessage: 10)
    #expect(begun == 2 && cursor.excess == 0xFFFF_FFFF)
    let more = Frames.message(1)
    let after = cursor.follow(more.span, maximumMessage: 10)
    #expect(after == 0)
  }

  @Test("Trailers end their stream in one frame of plain literals")
  func trailers() {
    let bytes = Trailers.refusal(of: 0x0102_0304, message: 5000, limit: 1000)
    let header = FrameHeader(bytes.span, at: 0)
    #expect(header.type == FrameHeader.headers && header.stream == 0x0102_0304)
    #expect(header.endsStream && header.endsHeaders && header.length == bytes.count - FrameHeader.size)
    var block = bytes.dropFirst(FrameHeader.size)
    var texts: [String] = []
    while let kind = block.popFirst() {
      #expect(kind == 0)
      for _ in 0..<2 {
        let count = Int(block.popFirst() ?? 0)
        texts.append(String(decoding: block.prefix(count), as: UTF8.self))
        block = block.dropFirst(count)
      }
    }
    #expect(texts.prefix(3) == ["grpc-status", "8", "grpc-message"])
    #expect(texts.last == "the server sent a message of 5000 bytes; at most 1000 are accepted")
  }
}
