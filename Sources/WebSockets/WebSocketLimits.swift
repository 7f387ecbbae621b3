/// Bounds on one WebSocket: nothing that the other side does or leaves undone costs more.
public struct WebSocketLimits: Sendable, Hashable {
  /// Time for name resolution, TCP, TLS and the upgrade together, where we open it.
  public var connectTimeout: Duration = .seconds(5)
  /// The largest frame taken, in bytes of payload.
  public var maximumFrame = 98_304
  /// The largest message taken, in bytes; a message may come in fragments.
  public var maximumMessage = 98_304
  /// Bytes of messages that wait to be taken; beyond, nothing is read from the network until some are.
  public var maximumReceived = 65_536
  /// Bytes of messages that wait to be sent; with as many waiting, sending is refused and counted.
  public var maximumUnsent = 65_536
  /// Frames a second, half of them at once; whoever sends more is read more slowly.
  public var framesPerSecond = 2_000
  /// Bytes of messages a second, a quarter of them at once; whoever sends more is read more slowly.
  public var bytesPerSecond = 8 << 20
  /// Time between pings; a peer that leaves one unanswered until the next is taken for dead. `nil` sends none.
  public var pingInterval: Duration? = .seconds(20)
  /// Time for the other side's half of the closing handshake.
  public var closeTimeout: Duration = .seconds(2)

  /// The defaults: they keep a socket within 256 KB. Longer messages of all sockets share 64 MB.
  public init() {}
}
