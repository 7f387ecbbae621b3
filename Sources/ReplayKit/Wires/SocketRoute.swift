import GRPCTransport
public import WebSocketClient
package import WebSockets

/// How calls reach a server over WebSocket: a socket for each.
public struct SocketRoute: Sendable {
  /// The path of conversations.
  public static let path = "/v1/va"
  /// Bytes of audio in a message, in both directions.
  public static let chunkBytes = 320...32_000
  /// How much audio is in a message unless something else is said.
  public static let standardChunk: Duration = .milliseconds(100)

  /// The server, with its path.
  public var address: WebSocketAddress
  /// Makes the connections, with their TLS.
  public var client: WebSocketClient
  /// The field `authorization` of the request for the upgrade; `nil` is none.
  public var authorization: String?
  /// Bytes of audio in a message, rounded to frames of 20 ms; `nil` is ``standardChunk``.
  public var chunk: Int?

  /// A route.
  public init(_ address: WebSocketAddress, client: WebSocketClient, token: String?, chunk: Int? = nil) {
    self.address = address
    self.client = client
    authorization = token.map { "Bearer \($0)" }
    self.chunk = chunk
  }

  /// A caller's bounds: prompts may come faster than they are heard, and before a transfer whole.
  package static let limits: WebSocketLimits = {
    var limits = WebSocketLimits()
    limits.maximumFrame = 8 << 20
    limits.maximumMessage = 8 << 20
    limits.maximumReceived = 1 << 20
    limits.maximumUnsent = 1 << 20
    return limits
  }()

  /// The fields of the request for the upgrade.
  func headers(trackingID: String) -> [(name: String, value: String)] {
    [("trackingid", trackingID)] + (authorization.map { [("authorization", $0)] } ?? [])
  }
}

extension RPCStatus {
  /// The status that over gRPC would have ended the call in the same way.
  ///
  /// - Parameters:
  ///   - error: how the socket ended.
  ///   - said: the server's ERROR message, where it sent one.
  init(_ error: WebSocketError, said: (code: String, status: Int, detail: String)?) {
    if let said {
      self.init(Self.code(of: said.code, said.status), said.detail.isEmpty ? said.code : said.detail)
      return
    }
    switch error.code {
    case .upgrade:
      let code: Code =
        switch error.status {
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404, 426: .unimplemented
        case 429: .resourceExhausted
        case nil, .some(500...599): .unavailable
        default: .unknown
        }
      self.init(code, error.message)
    case .closed:
      let code: Code =
        switch error.closeCode {
        case 1000, 1005: .ok
        case 1001: .unavailable
        case 1002, 1003, 1007, 1009: .invalidArgument
        case 1008: .deadlineExceeded
        case 1011: .internal
        case 1013: .resourceExhausted
        default: .unknown
        }
      self.init(code, code == .ok ? "" : error.message)
    case .tooLarge, .violation: self.init(.internal, error.message)
    case .cancelled: self.init(.cancelled, error.message)
    case .refused, .tls, .lost, .timeout: self.init(.unavailable, error.message)
    }
  }

  private static func code(of said: String, _ status: Int) -> Code {
    switch (said, status) {
    case ("unauthorized", _): .unauthenticated
    case (_, 404): .notFound
    case (_, 409): .alreadyExists
    case ("bad_request", _), ("unsupported_media", _): .invalidArgument
    case ("rate_limit", _): .resourceExhausted
    case ("timeout", _): .deadlineExceeded
    case ("upstream_error", _): .internal
    default: .unknown
    }
  }
}
