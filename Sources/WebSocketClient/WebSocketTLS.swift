import BotConnections
import NIOSSL
import WebSockets

/// What TLS to a server needs beyond the system's trust, as PEM text. Certificates are always verified.
public struct WebSocketTLS: Sendable, Hashable {
  /// The roots to trust, and no others; `nil` is the system's.
  public var rootsPEM: String?
  /// Our certificate and the chain above it, for a server that asks for one.
  public var certificatePEM: String?
  /// Its private key.
  public var keyPEM: String?
  /// The name that the server's certificate has to hold; `nil` is the address's host.
  public var serverName: String?
  /// The certificate that the server has to show, whoever issued it and whatever it names: only that is verified then.
  /// ``rootsPEM`` and ``serverName`` mean nothing beside it.
  public var pinnedPEM: String?

  /// The system's trust, or what is given.
  public init(
    rootsPEM: String? = nil, certificatePEM: String? = nil, keyPEM: String? = nil, serverName: String? = nil
  ) {
    self.rootsPEM = rootsPEM
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
    self.serverName = serverName
  }

  /// Trust in one certificate and no other.
  public init(pinnedPEM: String) { self.pinnedPEM = pinnedPEM }

  /// A client's TLS: 1.2 at least, the certificate's chain and name verified. Blocks while the system's roots are read.
  ///
  /// - Throws: ``WebSocketError`` that says which text cannot be used.
  func makeContext() throws(WebSocketError) -> NIOSSLContext {
    do throws(ConnectionError) {
      return try TLSContext.make(
        rootsPEM: pinnedPEM ?? rootsPEM, certificatePEM: certificatePEM, keyPEM: keyPEM, protocols: ["http/1.1"],
        checksName: pinnedPEM == nil)
    } catch {
      throw WebSocketError(.tls, error.message.prefix(1).uppercased() + error.message.dropFirst() + ".")
    }
  }

  /// The certificate that is pinned; `nil` where none is.
  func pinned() throws(WebSocketError) -> NIOSSLCertificate? {
    guard let pinnedPEM else { return nil }
    guard let first = try? NIOSSLCertificate.fromPEMBytes(Array(pinnedPEM.utf8)).first else {
      throw WebSocketError(.tls, "The server's certificate is not in PEM.")
    }
    return first
  }
}
