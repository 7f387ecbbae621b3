public import Basics
import Glibc
import Locking
public import Logging
import NIOCore
import NIOPosix

/// Why a server cannot listen: what is wrong, and with which address.
public typealias HTTPListenError = TextError<HTTPServer>

/// An HTTP/1.1 server: one request a connection, or a WebSocket.
///
/// It serves on one thread of its own, which nothing else waits for, until ``stop()`` or until the last reference goes. What its
/// clients may take of it is bounded by ``HTTPLimits``.
public final class HTTPServer: Sendable {
  /// The port that was bound.
  public let port: UInt16

  private let group: MultiThreadedEventLoopGroup
  private let server: ServerLoop
  private let isStopped = Locked(false)

  /// Binds and serves.
  ///
  /// - Parameters:
  ///   - site: makes the answers.
  ///   - name: the port's, for the log.
  ///   - tls: without it the port speaks plaintext.
  ///   - sharesPort: whether other processes of this user may listen on the port too; the kernel spreads the connections.
  ///   - crowdedOut: told of each connection that had to make room for another.
  ///   - handshakeFailed: told of each TLS handshake that came to nothing.
  public init(
    _ address: NetworkAddress, _ site: some HTTPSite, name: String, limits: HTTPLimits = HTTPLimits(),
    tls: ServerTLS? = nil, sharesPort: Bool = false, crowdedOut: @escaping @Sendable () -> Void = {},
    handshakeFailed: @escaping @Sendable (HandshakeFailure) -> Void = { _ in }, logger: Logger
  ) throws(HTTPListenError) {
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    guard let socketAddress = try? SocketAddress(ipAddress: host, port: Int(address.port)) else {
      throw HTTPListenError("cannot listen on \(address): not an IP address")
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = ServerLoop(
      site: site, limits: limits, name: name, tls: tls, crowdedOut: crowdedOut, handshakeFailed: handshakeFailed,
      logger: logger, loop: group.next())
    do {
      let listener = try server.listen(at: socketAddress, sharesPort: sharesPort).wait()
      port = UInt16(clamping: listener.localAddress?.port ?? 0)
    } catch {
      group.shutdownGracefully { _ in }
      let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
      throw HTTPListenError(
        "cannot listen on \(address): Failed to bind to port \(address.port): \(reason)")
    }
    self.group = group
    self.server = server
  }

  deinit { stop() }

  /// From here on no connection and no WebSocket is accepted. Answers on their way, and sockets, go on.
  public func stopAccepting() { server.stopAccepting() }

  /// Ends serving: sockets are closed with 1001, late answers are given up, and what does not close within a second is cut off.
  /// Returns when the port is closed and the thread has ended; not to be called on that thread, but by the last reference to go.
  public func stop() {
    let wasStopped = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return isStopped
    }
    guard !wasStopped else { return }
    let ended = server.end()
    let group = group
    if group.next().inEventLoop {
      ended.whenComplete { _ in group.shutdownGracefully { _ in } }
    } else {
      try? ended.wait()
      try? group.syncShutdownGracefully()
    }
  }
}
