import Logging
import NIOCore

/// Accepts nobody for a moment after the system had no descriptor, or no memory, for another connection.
///
/// NIO's `AcceptBackoffHandler` holds the next read back. The one that has failed stays armed as long as nobody was accepted
/// by it, so that the loop would spin: here the listener stops reading.
final class AcceptPause: ChannelInboundHandler, Sendable {
  typealias InboundIn = any Channel

  private static let pause = TimeAmount.milliseconds(200)
  private let name: String
  private let logger: Logger

  init(name: String, logger: Logger) {
    self.name = name
    self.logger = logger
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is IOError else { return context.fireErrorCaught(error) }
    logger.debug("\(name): no connection is accepted for a moment", metadata: ["reason": "\(error)"])
    let channel = context.channel
    channel.setOption(.autoRead, value: false).whenFailure { _ in }
    context.eventLoop.scheduleTask(in: Self.pause) { channel.setOption(.autoRead, value: true).whenFailure { _ in } }
  }
}
