/// Bounds on one WebSocket: nothing that its server does or leaves undone costs more.
public struct WebSocketLimits: Sendable, Hashable {
  /// Time for name resolution, TCP, TLS and the upgrade together.
  public var connectTimeout: Duration
  /// The largest frame taken, in bytes of payload.
  public var maximumFrame: Int
  /// The largest message taken, in bytes; a message may come in fragments.
  public var maximumMessage: Int
  /// Bytes of messages that wait to be taken; beyond, nothing is read from the network until some are.
  public var maximumReceived: Int
  /// Bytes of messages that wait to be sent; with as many waiting, ``WebSocket/send(_:)`` refuses and counts.
  public var maximumUnsent: Int
  /// Time between pings; a server that leaves one unanswered until the next is taken for dead.
  public var pingInterval: Duration
  /// Time for the server's half of the closing handshake.
  public var closeTimeout: Duration

  /// Limits; the defaults keep a socket within 256 KB. Longer messages of all sockets share 64 MB.
  public init(
    connectTimeout: Duration = .seconds(5), maximumFrame: Int = 98_304, maximumMessage: Int = 98_304,
    maximumReceived: Int = 65_536, maximumUnsent: Int = 65_536, pingInterval: Duration = .seconds(20),
    closeTimeout: Duration = .seconds(2)
  ) {
    self.connectTimeout = connectTimeout
    self.maximumFrame = maximumFrame
    self.maximumMessage = maximumMessage
    self.maximumReceived = maximumReceived
    self.maximumUnsent = maximumUnsent
    self.pingInterval = pingInterval
    self.closeTimeout = closeTimeout
  }
}
