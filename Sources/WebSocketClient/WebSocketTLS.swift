import NIOSSL

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

  /// The system's trust, or what is given.
  public init(
    rootsPEM: String? = nil, certificatePEM: String? = nil, keyPEM: String? = nil, serverName: String? = nil
  ) {
    self.rootsPEM = rootsPEM
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
    self.serverName = serverName
  }

  /// A client's TLS: 1.2 at least, the certificate's chain and name verified. Blocks while the system's roots are read.
  ///
  /// - Throws: ``WebSocketError`` that says which text cannot be used.
  func makeContext() throws(WebSocketError) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.certificateVerification = .fullVerification
    configuration.applicationProtocols = ["http/1.1"]
    if let rootsPEM {
      configuration.trustRoots = .certificates(try Self.certificates(rootsPEM, "root certificates"))
    }
    if let certificatePEM, let keyPEM {
      configuration.certificateChain = try Self.certificates(certificatePEM, "certificate chain").map {
        .certificate($0)
      }
      guard let key = try? NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem) else {
        throw WebSocketError(.tls, "The private key is not in PEM or is encrypted.")
      }
      configuration.privateKey = .privateKey(key)
    }
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw WebSocketError(.tls, "TLS cannot be set up: the certificates and the key do not fit one another.")
    }
  }

  private static func certificates(_ pem: String, _ what: String) throws(WebSocketError) -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !certificates.isEmpty else {
      throw WebSocketError(.tls, "The \(what) is not in PEM.")
    }
    return certificates
  }
}
