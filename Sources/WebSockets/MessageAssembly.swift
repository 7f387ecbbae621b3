import NIOCore
import NIOWebSocket

/// What the other side's frames mean, one after the other (RFC 6455, sections 5 and 7): frames in, messages and duties out.
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
    /// The other side closes; answer with the same code. 1005 where it gave none.
    case close(code: Int)
  }

  /// Why the socket has to end, with the code to close it with.
  struct RuleError: Error {
    var error: WebSocketError
    var closeCode: UInt16
  }

  /// Fragments of one message; a peer that needs more sends crumbs.
  static let maximumFragments = 4_096

  /// Control frames, or empty messages, without a message of substance between them.
  static let maximumIdleFrames = 10_000

  private let side: WebSocketSide
  private let maximumMessage: Int
  private var partial: [UInt8] = []
  private var kind: WebSocketMessage.Kind?
  private var fragments = 0
  private var idleFrames = 0

  init(side: WebSocketSide, maximumMessage: Int) {
    self.side = side
    self.maximumMessage = maximumMessage
  }

  /// Takes the next frame.
  mutating func append(_ frame: WebSocketFrame) throws(RuleError) -> Outcome {
    guard frame.reservedBits.isEmpty else { throw violation("uses an extension that was not agreed on") }
    switch side {
    case .client: if frame.maskKey != nil { throw violation("masks its frames") }
    case .server: if frame.maskKey == nil { throw violation("does not mask its frames") }
    }
    let data = frame.unmaskedData
    if data.readableBytes == 0 || frame.opcode.isControlOpcode {
      idleFrames += 1
      guard idleFrames <= Self.maximumIdleFrames else { throw violation("sends control or empty frames only") }
    } else {
      idleFrames = 0
    }
    switch frame.opcode {
    case .text: return try begin(.text, data, isLast: frame.fin)
    case .binary: return try begin(.binary, data, isLast: frame.fin)
    case .continuation: return try go(on: data, isLast: frame.fin)
    case .ping: return .ping(data)
    case .pong: return .pong
    case .connectionClose: return try close(data)
    default: throw violation("sends frames of a kind that does not exist")
    }
  }

  private mutating func begin(
    _ kind: WebSocketMessage.Kind, _ data: ByteBuffer, isLast: Bool
  ) throws(RuleError) -> Outcome {
    guard self.kind == nil else { throw violation("begins a message within another") }
    self.kind = kind
    return try go(on: data, isLast: isLast)
  }

  private mutating func go(on data: ByteBuffer, isLast: Bool) throws(RuleError) -> Outcome {
    guard let kind else { throw violation("continues a message that it did not begin") }
    fragments += 1
    guard partial.count + data.readableBytes <= maximumMessage, fragments <= Self.maximumFragments else {
      let error = WebSocketError(.tooLarge, "\(side.peer) sends a message larger than \(maximumMessage) bytes.")
      throw RuleError(error: error, closeCode: 1009)
    }
    partial.append(contentsOf: data.readableBytesView)
    guard isLast else { return .nothing }
    let message = WebSocketMessage(kind: kind, bytes: partial)
    partial = []
    self.kind = nil
    fragments = 0
    if kind == .text, !message.bytes.isValidUTF8 { throw violation("sends text that is not UTF-8", closeCode: 1007) }
    return .message(message)
  }

  private func close(_ payload: ByteBuffer) throws(RuleError) -> Outcome {
    var payload = payload
    guard payload.readableBytes > 0 else { return .close(code: 1005) }
    guard let code = payload.readInteger(as: UInt16.self), Self.mayBeSent(code) else {
      throw violation("closes with a code that must not be sent")
    }
    guard Array(payload.readableBytesView).isValidUTF8 else {
      throw violation("gives a reason for closing that is not UTF-8", closeCode: 1007)
    }
    return .close(code: Int(code))
  }

  private func violation(_ what: String, closeCode: UInt16 = 1002) -> RuleError {
    RuleError(error: WebSocketError(.violation, "\(side.peer) \(what)."), closeCode: closeCode)
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
