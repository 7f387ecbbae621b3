/// The nine bytes before a frame's payload (RFC 9113, section 4.1).
struct FrameHeader {
  static let size = 9

  let length: Int
  let type: UInt8
  let flags: UInt8
  let stream: UInt32

  /// - Parameter bytes: nine of them at least.
  init(_ bytes: Span<UInt8>, at index: Int) {
    length = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
    type = bytes[index + 3]
    flags = bytes[index + 4]
    stream =
      UInt32(bytes[index + 5] & 0x7F) << 24 | UInt32(bytes[index + 6]) << 16 | UInt32(bytes[index + 7]) << 8
      | UInt32(bytes[index + 8])
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let push: UInt8 = 5
  static let goAway: UInt8 = 7
  static let continuation: UInt8 = 9

  var endsStream: Bool { flags & 0x1 != 0 }
  var isAcknowledgement: Bool { flags & 0x1 != 0 }
  var endsHeaders: Bool { flags & 0x4 != 0 }
  var isPadded: Bool { flags & 0x8 != 0 }
  var isUnknown: Bool { type > Self.continuation }

  /// The frame's name in RFC 9113.
  var name: String {
    let names = [
      "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
      "CONTINUATION",
    ]
    return isUnknown ? "of the unknown type \(type)" : names[Int(type)]
  }
}
