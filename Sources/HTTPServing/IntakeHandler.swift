import NIOCore

/// What a client sends, on its way to the parser: looked at, and dropped once nobody listens any more.
///
/// Not `Sendable`: it lives on the channel's event loop, until the connection becomes a WebSocket.
final class IntakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var head: HeadScanner
  /// Nothing reaches the parser from here on.
  private(set) var isDiscarding = false
  /// Bytes that were dropped.
  private(set) var discarded = 0
  /// When the client has last sent something.
  private(set) var lastRead = NIODeadline.now()

  init(_ limits: HTTPLimits) { head = HeadScanner(maximumBytes: limits.head, maximumFields: limits.fields) }

  func discard() { isDiscarding = true }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    lastRead = .now()
    guard !isDiscarding else {
      discarded += bytes.readableBytes
      return
    }
    do throws(HeadScanner.HeadError) { try head.scan(bytes.readableBytesUInt8Span) } catch {
      isDiscarding = true
      context.fireErrorCaught(error)
      return
    }
    context.fireChannelRead(data)
  }
}
