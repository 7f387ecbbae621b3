import Locking
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

@testable import WebSocketClient

/// A WebSocket server on the loopback interface, by NIO's own server parts, that does what a test tells it.
final class LoopbackServer: Sendable {
  /// What it does with a socket; called for each frame, on the event loop.
  typealias Answer = @Sendable (_ frame: WebSocketFrame, _ context: ChannelHandlerContext) -> Void

  let port: Int
  private let channel: any Channel
  private let sockets = Locked<[any Channel]>([])
  /// The head of the last upgrade request.
  private let lastHead = Locked<HTTPRequestHead?>(nil)

  var head: HTTPRequestHead? { lastHead.withLock { $0 } }

  /// - Parameters:
  ///   - opened: bytes that are written, as they are, as soon as a socket is open.
  ///   - response: fields of the answer to an upgrade; `nil` refuses upgrades.
  init(
    tls: NIOSSLContext? = nil, opened: [UInt8] = [], response: HTTPHeaders? = [:], reads: Bool = true,
    answer: @escaping Answer = { frame, context in LoopbackServer.echo(frame, context) }
  ) async throws {
    let lastHead = lastHead
    let sockets = sockets
    let bootstrap = ServerBootstrap(group: WebSocketClient.group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          sockets.withLock { $0.append(channel) }
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 20,
            shouldUpgrade: { channel, head in
              lastHead.withLock { $0 = head }
              return channel.eventLoop.makeSucceededFuture(response)
            },
            upgradePipelineHandler: { channel, _ in
              channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(FrameHandler(answer: answer))
                if !reads { channel.setOption(.autoRead, value: false).whenFailure { _ in } }
                guard !opened.isEmpty else { return }
                let raw = RawWriter()
                try channel.pipeline.syncOperations.addHandler(raw, position: .first)
                raw.write(opened)
              }
            })
          let notFound = NIOLoopBound(NotFoundHandler(), eventLoop: channel.eventLoop)
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
              upgraders: [upgrader],
              completionHandler: { $0.pipeline.syncOperations.removeHandler(notFound.value, promise: nil) }
            ))
          try channel.pipeline.syncOperations.addHandler(notFound.value)
        }
      }
    channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  func stop() async throws {
    for socket in sockets.withLock({ $0 }) { socket.close(promise: nil) }
    try await channel.close()
  }

  func address(_ scheme: String = "ws", host: String = "127.0.0.1", path: String = "/bot") throws -> WebSocketAddress {
    guard let address = WebSocketAddress("\(scheme)://\(host):\(port)\(path)") else { throw NoAddress() }
    return address
  }

  struct NoAddress: Error {}

  /// Sends text back, and answers pings and close frames.
  static func echo(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    let opcode: WebSocketOpcode = frame.opcode == .ping ? .pong : frame.opcode
    guard frame.opcode != .pong else { return }
    send(opcode, frame.unmaskedData, context)
    if frame.opcode == .connectionClose { context.close(promise: nil) }
  }

  static func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true, _ context: ChannelHandlerContext) {
    let frame = WebSocketFrame(fin: fin, opcode: opcode, data: data)
    context.writeAndFlush(NIOAny(frame), promise: nil)
  }

  static func close(_ code: UInt16, _ context: ChannelHandlerContext) {
    var data = ByteBuffer()
    data.writeInteger(code)
    send(.connectionClose, data, context)
  }

  private final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let answer: Answer

    init(answer: @escaping Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { answer(unwrapInboundIn(data), context) }
  }

  /// Writes bytes past the frame encoder.
  private final class RawWriter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func write(_ bytes: [UInt8]) { context?.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil) }
  }

  /// What is no upgrade, or a refused one, is not found.
  private final class NotFoundHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard case .end = unwrapInboundIn(data) else { return }
      let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: ["Content-Length": "0"])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }
}
