import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import WebSockets

/// Sends the upgrade request, and reports every answer but the one that is wished for.
///
/// Not `Sendable`: it lives on the channel's event loop, until the upgrade.
final class UpgradeAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let fail: (WebSocketError) -> Void
  /// The upgrade handler reports a refused upgrade twice, the reason first.
  private var refusal: WebSocketError?

  init(head: HTTPRequestHead, fail: @escaping (WebSocketError) -> Void) {
    self.head = head
    self.fail = fail
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    let status = Int(head.status.code)
    fail(
      refusal
        ?? WebSocketError(.upgrade, "The server answers HTTP status \(status) instead of a WebSocket.", status: status))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is NIOHTTPClientUpgradeError:
      refusal = WebSocketError(.upgrade, "The server's answer does not fit the request for a WebSocket.", status: 101)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      fail(WebSocketError(.tls, "The TLS handshake failed: the certificate is not trusted, or not this host's."))
    case is HTTPParserError: fail(WebSocketError(.upgrade, "The server does not speak HTTP."))
    default: fail(WebSocketError(.lost, "The connection broke before the WebSocket was open."))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(WebSocketError(.lost, "The server closed the connection before the WebSocket was open."))
    context.fireChannelInactive()
  }
}
