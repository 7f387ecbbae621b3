import NIOCore
import NIOPosix
import NIOSSL
public import WebSockets

/// Opens WebSockets (RFC 6455) to servers that one set of roots vouches for.
///
/// All sockets of the process share one event loop, on a thread of its own: what is done there for a message is a few
/// microseconds, and the engines' work is done elsewhere.
public final class WebSocketClient: Sendable {
  /// Never shut down: it ends with the process.
  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  private let tls: NIOSSLContext
  private let serverName: String?
  private let pinned: NIOSSLCertificate?

  /// A client. Blocks while the system's root certificates are read.
  ///
  /// - Throws: ``WebSocketError`` where the certificates cannot be used.
  public init(tls: WebSocketTLS = WebSocketTLS()) throws(WebSocketError) {
    self.tls = try tls.makeContext()
    pinned = try tls.pinned()
    serverName = tls.serverName
  }

  /// Opens a socket.
  ///
  /// - Parameters:
  ///   - headers: fields of the upgrade request beside those that WebSocket needs.
  ///   - subprotocols: names of which the server may choose one.
  /// - Throws: ``WebSocketError``; with ``WebSocketError/Code/cancelled`` where the task is cancelled meanwhile.
  public func connect(
    to address: WebSocketAddress, headers: [(name: String, value: String)] = [], subprotocols: [String] = [],
    limits: WebSocketLimits = WebSocketLimits()
  ) async throws(WebSocketError) -> WebSocket {
    let loop = Self.group.next()
    let request = UpgradeRequest(address: address, headers: headers, subprotocols: subprotocols, limits: limits)
    let attempt = ConnectionAttempt(
      request: request, tls: address.isSecure ? tls : nil, serverName: serverName ?? address.host, pinned: pinned,
      loop: loop)
    return try await withTaskCancellationHandler {
      await attempt.result()
    } onCancel: {
      attempt.cancel()
    }.get()
  }
}
