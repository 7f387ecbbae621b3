/// Why a socket is given up: what the ERROR message says, and the close code that follows it.
public struct SocketProtocolError: Error, Sendable, Equatable {
  /// `code` of an ERROR message.
  public enum Code: String, Sendable {
    case unauthorized
    case badRequest = "bad_request"
    case unsupportedMedia = "unsupported_media"
    case upstreamError = "upstream_error"
    case rateLimit = "rate_limit"
    case timeout
  }

  /// `code`; `nil` sends no ERROR before the close.
  public var code: Code?
  /// `status`, an HTTP-like number.
  public var status: Int
  /// `detail`: a sentence for the client's log, without anything that the client did not send or know.
  public var detail: String
  /// The close code of RFC 6455.
  public var closeCode: UInt16

  /// A fault.
  public init(_ code: Code?, status: Int, closeCode: UInt16, _ detail: String) {
    self.code = code
    self.status = status
    self.closeCode = closeCode
    self.detail = detail
  }

  /// The message breaks the protocol: malformed, out of order, or of another call.
  public static func badRequest(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.badRequest, status: 400, closeCode: 1002, detail)
  }

  /// The conversation names an agent that the organization does not have.
  public static func unknownAgent(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.badRequest, status: 404, closeCode: 1002, detail)
  }

  /// The conversation is live on another socket or RPC.
  public static func secondSocket(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.badRequest, status: 409, closeCode: 1002, detail)
  }

  /// A frame that is not text.
  public static let binary = SocketProtocolError(
    .badRequest, status: 400, closeCode: 1003, "messages are JSON in text frames; this one is binary")

  /// Audio in a form that is not heard.
  public static func unsupportedMedia(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.unsupportedMedia, status: 415, closeCode: 1003, detail)
  }

  /// The token was accepted for the upgrade, and does not do for this conversation.
  public static func unauthorized(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.unauthorized, status: 401, closeCode: 1008, detail)
  }

  /// Something was waited for in vain.
  public static func timeout(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.timeout, status: 408, closeCode: 1008, detail)
  }

  /// More than is accepted: calls, or messages that nobody reads.
  public static func rateLimit(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.rateLimit, status: 429, closeCode: 1013, detail)
  }

  /// Nothing can be played and nobody can take the call over.
  public static func upstreamError(_ detail: String) -> SocketProtocolError {
    SocketProtocolError(.upstreamError, status: 502, closeCode: 1011, detail)
  }

  /// The server is going down.
  public static let goingDown = SocketProtocolError(nil, status: 503, closeCode: 1001, "the server is shutting down")
}
