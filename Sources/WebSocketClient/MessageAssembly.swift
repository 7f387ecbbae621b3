import NIOCore
import NIOWebSocket

/// What a server's frames mean, one after the other (RFC 6455, sections 5 and 7): frames in, messages and duties out.
///
/// A pure value, bounded: in the size of a message, in its number of fragments, and in how many control frames may come
/// between two messages.
struct MessageAssembly {
  /// What to do about a frame.
  enum Outcome: Equatable {
    case nothing
    /// A whole message.
    case message(WebSocketMessage)
    /// Answer with a pong of the same payload.
    case ping(ByteBuffer)
    case pong
    /// The server closes; answer with the same code. 1005 where it gave none.
    case close(code: Int)
  }

  /// Fragments of one message; a server that needs more sends crumbs.
  static let maximumFragments = 4_096

  /// Control frames, or empty messages, without a message of substance between them.
  static let maximumIdleFrames = 10_000

  private let maximumMessage: Int
  private var partial: [UInt8] = []
  private var kind: WebSocketMessage.Kind?
  private var fragments = 0
  private var idleFrames = 0

  init(maximumMessage: Int) { self.maximumMessage = maximumMessage }

  /// Takes the next frame.
  mutating func append(_ frame: WebSocketFrame) throws(WebSocketError) -> Outcome {
    guard frame.reservedBits.isEmpty else {
      throw WebSocketError(.violation, "The server uses an extension that was not agreed on.")
    }
    guard frame.maskKey == nil else { throw WebSocketError(.violation, "The server masks its frames.") }
    if frame.data.readableBytes == 0 || frame.opcode.isControlOpcode {
      idleFrames += 1
      guard idleFrames <= Self.maximumIdleFrames else {
        throw WebSocketError(.violation, "The server sends control or empty frames only.")
      }
    } else {
      idleFrames = 0
    }
    switch frame.opcode {
    case .text: return try begin(.text, frame)
    case .binary: return try begin(.binary, frame)
    case .continuation: return try go(on: frame)
    case .ping: return .ping(frame.data)
    case .pong: return .pong
    case .connectionClose: return try close(frame.data)
    default: throw WebSocketError(.violation, "The server sends frames of a kind that does not exist.")
    }
  }

  private mutating func begin(_ kind: WebSocketMessage.Kind, _ frame: WebSocketFrame) throws(WebSocketError) -> Outcome
  {
    guard self.kind == nil else {
      throw WebSocketError(.violation, "The server begins a message within another.")
    }
    self.kind = kind
    return try go(on: frame)
  }

  private mutating func go(on frame: WebSocketFrame) throws(WebSocketError) -> Outcome {
    guard let kind else {
      throw WebSocketError(.violation, "The server continues a message that it did not begin.")
    }
    fragments += 1
    guard partial.count + frame.data.readableBytes <= maximumMessage, fragments <= Self.maximumFragments else {
      throw WebSocketError(.tooLarge, "The server sends a message larger than \(maximumMessage) bytes.")
    }
    partial.append(contentsOf: frame.data.readableBytesView)
    guard frame.fin else { return .nothing }
    let message = WebSocketMessage(kind: kind, bytes: partial)
    partial = []
    self.kind = nil
    fragments = 0
    if kind == .text, !message.bytes.isValidUTF8 {
      throw WebSocketError(.violation, "The server sends text that is not UTF-8.")
    }
    return .message(message)
  }

  private func close(_ payload: ByteBuffer) throws(WebSocketError) -> Outcome {
    var payload = payload
    guard payload.readableBytes > 0 else { return .close(code: 1005) }
    guard let code = payload.readInteger(as: UInt16.self), Self.mayBeSent(code) else {
      throw WebSocketError(.violation, "The server closes with a code that must not be sent.")
    }
    guard Array(payload.readableBytesView).isValidUTF8 else {
      throw WebSocketError(.violation, "The server gives a reason for closing that is not UTF-8.")
    }
    return .close(code: Int(code))
  }

  /// Close codes that may travel (RFC 6455, section 7.4, and IANA's registry).
  private static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

extension [UInt8] {
  fileprivate var isValidUTF8: Bool { (try? UTF8Span(validating: span)) != nil }
}
