/// What a bot's side of a connection is closed for. The text is for the operator and quotes nothing of the bot's.
public enum FrameError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The first bytes are no SETTINGS frame (RFC 9113, section 3.4).
  case notHTTP2
  /// A frame larger than was agreed.
  case largeFrame(bytes: Int, limit: Int)
  /// A header block larger than any list of headers.
  case largeHeaderBlock(limit: Int)
  /// Another frame within a header block, or a CONTINUATION outside of one.
  case brokenHeaderBlock
  /// PUSH_PROMISE, which clients of gRPC do not allow.
  case push
  /// More frames that carry nothing than may come a second.
  case controlFlood(frame: String, limit: Int)
  /// One GOAWAY after the other.
  case goAwayFlood(limit: Int)
  /// Goes on sending on streams that are over.
  case strayData

  /// A clause that follows the bot's name.
  public var description: String {
    switch self {
    case .notHTTP2: "it does not speak HTTP/2"
    case .largeFrame(let bytes, let limit): "it sends an HTTP/2 frame of \(bytes) bytes, more than the \(limit) agreed"
    case .largeHeaderBlock(let limit): "it sends HTTP/2 headers of more than \(limit) bytes"
    case .brokenHeaderBlock: "it sends HTTP/2 headers in pieces that do not belong together"
    case .push: "it sends PUSH_PROMISE, which gRPC does not have"
    case .controlFlood(let frame, let limit):
      "it floods: more than \(limit) HTTP/2 frames a second that carry nothing, the last one \(frame)"
    case .goAwayFlood(let limit): "it floods: more than \(limit) GOAWAY frames on one connection"
    case .strayData: "it goes on sending on streams that are over"
    }
  }
}
