/// What is looked at of a request.
public struct ServerRequest: Sendable {
  /// The method, as it was sent.
  public var method: String
  /// Decoded, without the query.
  public var path: String
  /// The `Host` field.
  public var host: String?
  /// The `Authorization` field.
  public var authorization: String?
  /// Whether a body is announced.
  public var hasBody: Bool
  /// The body, where the server reads any (``HTTPLimits/body``).
  public var body: [UInt8]

  /// A request.
  public init(
    method: String = "GET", path: String, host: String? = nil, authorization: String? = nil, hasBody: Bool = false,
    body: [UInt8] = []
  ) {
    self.method = method
    self.path = path
    self.host = host
    self.authorization = authorization
    self.hasBody = hasBody || !body.isEmpty
    self.body = body
  }
}

/// An answer.
public struct ServerResponse: Sendable {
  /// The status code.
  public var status: Int
  /// The `Content-Type` field.
  public var contentType: String
  /// The body.
  public var body: [UInt8]
  /// Further fields.
  public var fields: [(String, String)]
  /// How long the client waits for it. Only where every connection has a thread of its own.
  public var delay: Duration
  /// Whether the connection is closed instead of answered.
  public var isDropped: Bool

  /// An answer.
  public init(
    status: Int, contentType: String, body: [UInt8], fields: [(String, String)] = [], delay: Duration = .zero,
    isDropped: Bool = false
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
    self.delay = delay
    self.isDropped = isDropped
  }

  /// A line of text.
  public static func text(_ status: Int, _ text: String) -> ServerResponse {
    ServerResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }
}

/// What a server's clients may take of it.
public struct HTTPLimits: Sendable {
  /// Connections at once; the one too many ends the oldest.
  public var connections = 64
  /// Bytes of memory a connection may take, most of them for its request's head.
  public var connectionMemory = 32_768
  /// Seconds for which a connection may be silent.
  public var patience: UInt32 = 10
  /// Bytes of a request's body that are read; one that announces more is answered with 413, one that sends more
  /// is cut off. 0: no body is ever read.
  public var body = 0
  /// Whether every connection has a thread of its own, so that an answer may be late; otherwise one thread serves all.
  public var hasThreadPerConnection = false

  /// The bounds of a port for operators.
  public init() {}
}
