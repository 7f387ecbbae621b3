import NIOCore
import NIOSSL
import NIOTLS

/// The end of a line that the core's connection is at.
final class CoreSide: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let line: GuardedLine

  init(_ line: GuardedLine) { self.line = line }

  func channelActive(context: ChannelHandlerContext) { line.begin() }
  func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.fromCore(unwrapInboundIn(data)) }
  func channelReadComplete(context: ChannelHandlerContext) { line.coreIsRead() }
  func channelInactive(context: ChannelHandlerContext) { line.coreIsGone() }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { line.readBot() }
  }
}

/// The end that the bot is at.
final class BotSide: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let line: GuardedLine
  private let isSecure: Bool

  init(_ line: GuardedLine, isSecure: Bool) {
    self.line = line
    self.isSecure = isSecure
  }

  func channelActive(context: ChannelHandlerContext) {
    if !isSecure { line.ready(context.channel) }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
      if negotiated == "h2" {
        line.ready(context.channel)
      } else {
        line.failed(ConnectionError("TLS: it does not agree on HTTP/2 (ALPN `h2`)"))
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.fromBot(unwrapInboundIn(data)) }
  func channelReadComplete(context: ChannelHandlerContext) { line.botIsRead() }
  func channelInactive(context: ChannelHandlerContext) { line.botIsGone() }
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { line.readCore() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Many servers close without TLS's own farewell; `channelInactive` follows.
    if let error = error as? NIOSSLError, case .uncleanShutdown = error { return }
    line.failed(error)
  }
}
