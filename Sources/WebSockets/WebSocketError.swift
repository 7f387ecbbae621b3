/// Why a WebSocket could not be opened or did not stay open.
public struct WebSocketError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What happened.
  public enum Code: String, Sendable, Hashable {
    /// The host has no address, refuses the connection or cannot be reached.
    case refused
    /// The TLS handshake failed: the certificate is not trusted, is another host's, or the server speaks no TLS.
    case tls
    /// The server answered HTTP with another status than 101, or not as WebSocket demands (RFC 6455, section 4.1).
    case upgrade
    /// A frame or a message is larger than the limits.
    case tooLarge
    /// The other side broke the rules of RFC 6455.
    case violation
    /// The other side closed the connection with a close frame.
    case closed
    /// The connection ended without a close frame.
    case lost
    /// The connection did not open in time, or the other side no longer answers pings.
    case timeout
    /// The waiting task was cancelled.
    case cancelled
  }

  /// What happened.
  public var code: Code
  /// A sentence for people, without anything the other side said.
  public var message: String
  /// The HTTP status in answer to the upgrade; only for ``Code/upgrade``, and only where there was one.
  public var status: Int?
  /// The close frame's code (RFC 6455, section 7.4); only for ``Code/closed``. 1005 stands for a frame without one.
  public var closeCode: Int?

  /// An error.
  public init(_ code: Code, _ message: String, status: Int? = nil, closeCode: Int? = nil) {
    self.code = code
    self.message = message
    self.status = status
    self.closeCode = closeCode
  }

  /// The message.
  public var description: String { message }
}
