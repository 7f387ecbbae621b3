/// What a server's clients may take of it.
public struct HTTPLimits: Sendable, Hashable {
  /// Connections at once that are no sockets; the one too many ends the oldest.
  public var connections = 64
  /// WebSockets at once; a further one is refused with 503.
  public var sockets = 0
  /// Bytes of a request's head; a longer one is refused with 414 or 431.
  public var head = 32_768
  /// Fields of a request's head; one with more is refused with 431.
  public var fields = 128
  /// Bytes of a request's body that are read; a longer one is refused with 413. 0: no body is ever read.
  public var body = 0
  /// How long a TLS handshake may take.
  public var handshake: Duration = .seconds(5)
  /// How long a connection may be silent.
  public var patience: Duration = .seconds(10)
  /// How long a whole request may take, from the connection on.
  public var requestTime: Duration = .seconds(30)
  /// How long the site may think about a WebSocket; then it is refused with 503.
  public var decision: Duration = .seconds(10)

  /// The bounds of a port for operators.
  public init() {}
}
