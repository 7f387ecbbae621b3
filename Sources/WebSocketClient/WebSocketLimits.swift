/// Bounds on one WebSocket: nothing that its server does or leaves undone costs more.
public struct WebSocketLimits: Sendable, Hashable {
  /// Time for name resolution, TCP, TLS and the upgrade together.
  public var connectTimeout: Duration = .seconds(5)
  /// The largest frame taken, in bytes of payload.
  public var maximumFrame = 98_304
  /// The largest message taken, in bytes; a message may come in fragments.
  public var maximumMessage = 98_304
  /// Bytes of messages that wait to be taken; beyond, nothing is read from the network until some are.
  public var maximumReceived = 65_536
  /// Bytes of messages that wait to be sent; with as many waiting, ``WebSocket/send(_:)`` refuses and counts.
  public var maximumUnsent = 65_536
  /// Time between pings; a server that leaves one unanswered until the next is taken for dead.
  public var pingInterval: Duration = .seconds(20)
  /// Time for the server's half of the closing handshake.
  public var closeTimeout: Duration = .seconds(2)

  /// The defaults: they keep a socket within 256 KB. Longer messages of all sockets share 64 MB.
  public init() {}
}
