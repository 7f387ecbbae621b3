import Certificates
import NIOCore
import NIOSSL

/// The TLS of one connection. Not `Sendable`: it lives on the channel's event loop.
final class ConnectionTLS {
  /// Has to stand first in the pipeline.
  let handler: NIOSSLServerHandler
  /// Whether the handshake is over.
  private(set) var isEstablished = false
  /// What the client has shown, once the handshake is over.
  private(set) var certificate: ClientCertificate?
  /// Why the handshake is being given up, where that is our doing.
  var failure: HandshakeFailure?
  private var hasFailed = false

  /// - Throws: where there is no certificate, which does not happen once ``ServerTLS`` exists.
  init(_ tls: ServerTLS) throws {
    guard let context = tls.context else { throw ChannelError.inappropriateOperationForState }
    handler = NIOSSLServerHandler(context: context)
  }

  /// The handshake is over.
  func established() {
    isEstablished = true
    certificate = (try? handler.peerCertificate?.toDERBytes()).flatMap(ClientCertificate.init(der:))
  }

  /// What an error means for the handshake; `nil` where it is another's, or has been told already.
  func failure(of error: any Error) -> HandshakeFailure? {
    guard !isEstablished, !hasFailed else { return nil }
    hasFailed = true
    return failure ?? HandshakeFailure(error)
  }

  /// Closes the connection behind TLS.
  func cutOff(_ context: ChannelHandlerContext) {
    if let own = try? context.pipeline.syncOperations.context(handler: handler) {
      own.close(promise: nil)
    } else {
      context.close(promise: nil)
    }
  }
}
