/// Who gets what arrives on a socket. Called on the socket's event loop.
package protocol SocketInbox: AnyObject, Sendable {
  /// The next message.
  func append(_ message: WebSocketMessage)
  /// Nothing follows: `.success` where we closed the socket ourselves. Only the first end counts.
  func finish(_ end: Result<Void, WebSocketError>)
  /// Whether more may be read. Where not, whoever makes space has the socket read on.
  func mayRead() -> Bool
  /// Bytes that somebody still has to take.
  var bytes: Int { get }
  /// Whether reading waits for space.
  var isStopped: Bool { get }
  /// There is room for messages again, after there was none.
  func hasRoom()
}
