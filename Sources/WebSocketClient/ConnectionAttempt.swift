import BotConnections
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import WebSockets

/// One attempt to open a socket: it succeeds once, fails once, or runs out of time, and leaves no connection behind.
///
/// `@unchecked Sendable`: `isOver` and `channel` are touched on the event loop only; the rest is immutable.
final class ConnectionAttempt: @unchecked Sendable {
  private let request: UpgradeRequest
  private let tls: NIOSSLContext?
  private let serverName: String
  private let pinned: NIOSSLCertificate?
  private let loop: any EventLoop
  private let promise: EventLoopPromise<Result<WebSocket, WebSocketError>>
  private var isOver = false
  private var channel: (any Channel)?

  init(
    request: UpgradeRequest, tls: NIOSSLContext?, serverName: String, pinned: NIOSSLCertificate?, loop: any EventLoop
  ) {
    self.request = request
    self.tls = tls
    self.serverName = serverName
    self.pinned = pinned
    self.loop = loop
    promise = loop.makePromise()
  }

  /// Starts, and waits for how it ends.
  func result() async -> Result<WebSocket, WebSocketError> {
    loop.execute { self.start() }
    return (try? await promise.futureResult.get()) ?? .failure(WebSocketError(.lost, "The event loop has ended."))
  }

  /// From any thread.
  func cancel() { loop.execute { self.finish(.failure(WebSocketError(.cancelled, "Connecting was cancelled."))) } }

  private func start() {
    guard !isOver else { return }
    let timeout = TimeAmount.nanoseconds(request.limits.connectTimeout.nanoseconds)
    let deadline = loop.scheduleTask(in: timeout) { [address = request.address] in
      self.finish(.failure(WebSocketError(.timeout, "The connection to \(address.host) did not open in time.")))
    }
    promise.futureResult.whenComplete { _ in deadline.cancel() }
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      // When the server closes, all of it is read at once.
      .channelOption(.socketOption(.so_rcvbuf), value: 262_144)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16_384))
      .resolver(ThreadedResolver(loop: loop))
      .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try self.prepare(channel) } }
    bootstrap.connect(host: request.address.host, port: request.address.port).whenFailure { error in
      self.finish(.failure(self.reason(error)))
    }
  }

  /// Fills the pipeline: TLS, HTTP with the upgrade, and what waits for the server's answer.
  private func prepare(_ channel: any Channel) throws {
    guard !isOver else { throw WebSocketError(.cancelled, "Connecting was cancelled.") }
    self.channel = channel
    let pipeline = channel.pipeline.syncOperations
    if let tls {
      let name = TLSContext.name(serverName)
      if let pinned {
        try pipeline.addHandler(
          NIOSSLClientHandler(
            context: tls, serverHostname: name,
            customVerificationCallback: { chain, result in
              result.succeed(chain.first == pinned ? .certificateVerified : .failed)
            }))
      } else {
        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
      }
    }
    let answer = UpgradeAnswerHandler(head: request.head) { error in self.finish(.failure(error)) }
    let upgrader = NIOWebSocketClientUpgrader(
      maxFrameSize: request.limits.maximumFrame, automaticErrorHandling: false
    ) { channel, head in
      channel.eventLoop.makeCompletedFuture { try self.upgraded(channel, head) }
    }
    let bound = NIOLoopBound(answer, eventLoop: loop)
    try pipeline.addHTTPClientHandlers(
      leftOverBytesStrategy: .forwardBytes,
      withClientUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in context.pipeline.syncOperations.removeHandler(bound.value, promise: nil) }
      ))
    try pipeline.addHandler(answer)
  }

  /// The server has agreed.
  private func upgraded(_ channel: any Channel, _ head: HTTPResponseHead) throws {
    if let objection = request.objection(to: head) {
      finish(.failure(objection))
      throw objection
    }
    let received = ReceivedMessages(limit: request.limits.maximumReceived)
    let unsent = UnsentMessages(limit: request.limits.maximumUnsent)
    let arrived = ReceivedBytes()
    let handler = SocketHandler(
      side: .client, limits: request.limits, inbox: received, unsent: unsent, arrived: arrived)
    try channel.pipeline.syncOperations.addHandler(arrived, position: .first)
    try channel.pipeline.syncOperations.addHandler(handler)
    let socket = WebSocket(
      address: request.address, subprotocol: head.headers.first(name: "Sec-WebSocket-Protocol"), channel: channel,
      received: received, unsent: unsent, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
    // From here on nothing is read but what there is space for.
    channel.setOption(.autoRead, value: false).whenComplete { _ in
      self.channel = nil
      self.finish(.success(socket))
      channel.read()
    }
  }

  private func finish(_ result: Result<WebSocket, WebSocketError>) {
    loop.preconditionInEventLoop()
    guard !isOver else {
      if case .success(let socket) = result { socket.close() }
      return
    }
    isOver = true
    channel?.close(promise: nil)
    channel = nil
    promise.succeed(result)
  }

  private func reason(_ error: any Error) -> WebSocketError {
    switch error {
    case let error as WebSocketError: error
    case ChannelError.connectTimeout:
      WebSocketError(.timeout, "The connection to \(request.address.host) did not open in time.")
    case let error as NIOConnectionError where error.connectionErrors.isEmpty:
      WebSocketError(.refused, "\(request.address.host) has no address.")
    default:
      WebSocketError(.refused, "\(request.address.host):\(request.address.port) refuses the connection.")
    }
  }
}
