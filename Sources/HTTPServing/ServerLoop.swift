import Glibc
import Logging
import NIOCore
import NIOPosix
import WebSockets

/// The event loop's side of a server: its listener, its connections, its sockets.
///
/// `@unchecked Sendable`: what changes is touched on the one event loop only; the rest is immutable.
final class ServerLoop: @unchecked Sendable {
  /// How long the last answers and the sockets' close frames may take when the server ends.
  private static let farewell = TimeAmount.seconds(1)
  /// Bytes that the kernel holds of a client that nobody reads from. When it closes they are all read at once.
  private static let receiveBuffer: SocketOptionValue = 262_144
  /// Bytes that the kernel holds for a client that reads slowly: few enough that it is seen to read.
  private static let sendBuffer: SocketOptionValue = 262_144

  let site: any HTTPSite
  let limits: HTTPLimits
  let name: String
  let logger: Logger
  private let tls: ServerTLS?
  private let crowdedOut: @Sendable () -> Void
  private let handshakeFailed: @Sendable (HandshakeFailure) -> Void
  private let loop: any EventLoop
  private var listener: (any Channel)?
  /// The oldest first.
  private var connections: [ConnectionHandler] = []
  private var sockets: [ObjectIdentifier: (socket: ServerWebSocket, channel: any Channel)] = [:]
  private var isAccepting = true

  init(
    site: any HTTPSite, limits: HTTPLimits, name: String, tls: ServerTLS?,
    crowdedOut: @escaping @Sendable () -> Void, handshakeFailed: @escaping @Sendable (HandshakeFailure) -> Void,
    logger: Logger, loop: any EventLoop
  ) {
    self.site = site
    self.limits = limits
    self.name = name
    self.tls = tls
    self.crowdedOut = crowdedOut
    self.handshakeFailed = handshakeFailed
    self.logger = logger
    self.loop = loop
  }

  // MARK: Listening

  /// Binds, and accepts from here on.
  func listen(at address: SocketAddress, sharesPort: Bool) -> EventLoopFuture<any Channel> {
    let logger = logger
    let name = name
    return ServerBootstrap(group: loop)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: sharesPort ? 1 : 0)
      .serverChannelOption(.maxMessagesPerRead, value: 16)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(name: name, logger: logger))
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.socketOption(.so_rcvbuf), value: Self.receiveBuffer)
      .childChannelOption(.socketOption(.so_sndbuf), value: Self.sendBuffer)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 2_048, maximum: 16_384)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let encryption = try self.tls.map { try ConnectionTLS($0) }
          try ConnectionHandler(self, tls: encryption).addHandlers(to: channel)
        }
      }
      .bind(to: address)
      .map { channel in
        self.listener = channel
        return channel
      }
  }

  // MARK: Connections

  func failed(_ failure: HandshakeFailure) { handshakeFailed(failure) }

  /// Keeps clients that say nothing, or one byte now and then, from keeping all others out.
  func opened(_ connection: ConnectionHandler) {
    connections.append(connection)
    guard connections.count > limits.connections, let oldest = connections.first else { return }
    oldest.close()
    crowdedOut()
  }

  func closed(_ connection: ConnectionHandler) { connections.removeAll { $0 === connection } }

  var hasRoomForSocket: Bool { isAccepting && sockets.count < limits.sockets }

  func opened(_ socket: ServerWebSocket, on channel: any Channel) {
    sockets[ObjectIdentifier(socket)] = (socket, channel)
    channel.closeFuture.whenComplete { _ in self.sockets[ObjectIdentifier(socket)] = nil }
  }

  // MARK: Ending

  /// From any thread: only the sockets, and the answers on their way, remain.
  func stopAccepting() {
    loop.execute { [self] in
      guard isAccepting else { return }
      isAccepting = false
      listener?.close(promise: nil)
      for connection in connections { connection.closeUnlessAnswering() }
    }
  }

  /// From any thread: ends everything, politely where that is quick.
  func end() -> EventLoopFuture<Void> {
    stopAccepting()
    return loop.flatSubmit { [self] in
      for (socket, _) in sockets.values { socket.close(code: 1001) }
      let closings = sockets.values.map(\.channel.closeFuture) + connections.compactMap(\.closeFuture)
      let done = loop.makePromise(of: Void.self)
      let deadline = loop.scheduleTask(in: Self.farewell) { done.succeed() }
      EventLoopFuture.andAllComplete(closings, on: loop).whenComplete { _ in
        deadline.cancel()
        done.succeed()
      }
      return done.futureResult
    }
  }
}
