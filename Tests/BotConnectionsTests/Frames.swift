@testable import BotConnections

/// Frames of HTTP/2 as bytes, written independently of what reads them.
enum Frames {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let settings = frame(4)
  /// Four bytes of HPACK that mean `:status: 200` and little else; nothing here decodes them.
  static func headers(_ stream: Int, flags: Int = 4, count: Int = 4) -> [UInt8] {
    frame(1, flags: flags, stream: stream, Array(repeating: 0x88, count: count))
  }
  static func data(_ stream: Int, flags: Int = 0, _ payload: [UInt8]) -> [UInt8] {
    frame(0, flags: flags, stream: stream, payload)
  }

  static func frame(_ type: Int, flags: Int = 0, stream: Int = 0, _ payload: [UInt8] = []) -> [UInt8] {
    let length = payload.count
    let head = [length >> 16, length >> 8, length, type, flags, stream >> 24, stream >> 16, stream >> 8, stream]
    return head.map { UInt8(truncatingIfNeeded: $0) } + payload
  }

  /// A gRPC message's prefix and so much of it as there is.
  static func message(_ declared: Int, _ count: Int? = nil) -> [UInt8] {
    let prefix = [0, declared >> 24, declared >> 16, declared >> 8, declared].map { UInt8(truncatingIfNeeded: $0) }
    return prefix + Array(repeating: 7, count: count ?? declared)
  }
}

/// A connection whose client has opened some streams, and what the client gets.
struct ScannedConnection {
  var scanner: FrameScanner
  var now: UInt64 = 1_000_000_000
  private(set) var seen: [UInt8] = []

  init(streams: [Int] = [1], limits: GuardLimits = GuardLimits(maximumMessage: 1_000)) {
    scanner = FrameScanner(limits)
    sent(Frames.preface + Frames.settings + streams.flatMap { Frames.headers($0) })
  }

  mutating func sent(_ bytes: [UInt8]) { scanner.sent(bytes.span) }

  mutating func received(_ bytes: [UInt8]) throws(FrameError) {
    var pieces: [FrameScanner.Piece] = []
    defer {
      for piece in pieces {
        switch piece {
        case .pass(let range): seen += bytes[range]
        case .insert(let inserted): seen += inserted
        }
      }
    }
    try scanner.received(bytes.span, now: now) { pieces.append($0) }
  }

  mutating func wait(milliseconds: UInt64) { now += milliseconds * 1_000_000 }
}
