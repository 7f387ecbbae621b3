/// What becomes of a socket that a client opened to us. Called on the socket's event loop, one call after the other:
/// ``opened(_:)`` first, ``ended(_:)`` last and once. Nothing here may wait.
public protocol WebSocketReceiver: Sendable {
  /// The socket is open. It is to be kept: it is the way to send and to close.
  func opened(_ socket: ServerWebSocket)

  /// A whole message, in the order in which they were sent. Its bytes are held until ``ServerWebSocket/taken(bytes:)`` says
  /// otherwise: with ``WebSocketLimits/maximumReceived`` bytes held nothing more is read from the client.
  func received(_ message: WebSocketMessage)

  /// There is room for messages again, after one was refused or more than half of ``WebSocketLimits/maximumUnsent`` waited.
  func writable()

  /// The socket is over: `.success` where we closed it. Otherwise a ``WebSocketError``: `closed` with the client's code, `lost`
  /// where it said nothing, `violation` or `tooLarge` where it broke the rules or the limits, `timeout` where it answers no
  /// ping.
  func ended(_ end: Result<Void, WebSocketError>)
}

extension WebSocketReceiver {
  /// Does nothing.
  public func writable() {}
}
