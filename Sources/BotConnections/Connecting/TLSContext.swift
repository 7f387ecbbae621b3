import NIOCore
public import NIOSSL

/// A client's TLS to bots, from PEM texts: 1.2 at least, the certificate's chain and name verified.
public enum TLSContext {
  /// Makes one. Blocks while the system's roots are read.
  ///
  /// - Parameters:
  ///   - rootsPEM: the roots to trust, and no others; `nil` is the system's.
  ///   - certificatePEM: our certificate and the chain above it, with its private key in `keyPEM`.
  ///   - protocols: what is offered by ALPN.
  ///   - checksName: false where the caller knows the one certificate that it accepts, whatever that names.
  /// - Throws: ``ConnectionError`` that says which text cannot be used.
  public static func make(
    rootsPEM: String?, certificatePEM: String?, keyPEM: String?, protocols: [String], checksName: Bool = true
  ) throws(ConnectionError) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.certificateVerification = checksName ? .fullVerification : .noHostnameVerification
    configuration.applicationProtocols = protocols
    if let rootsPEM {
      configuration.trustRoots = .certificates(try certificates(rootsPEM, "root certificates are"))
    }
    if let certificatePEM, let keyPEM {
      configuration.certificateChain = try certificates(certificatePEM, "certificate chain is").map { .certificate($0) }
      guard let key = try? NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem) else {
        throw ConnectionError("the private key is not in PEM or is encrypted")
      }
      configuration.privateKey = .privateKey(key)
    }
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw ConnectionError("TLS cannot be set up: the certificates and the key do not fit one another")
    }
  }

  /// The name that a handshake has where the certificate has to hold `name`; `nil` for an address, which must not be in the
  /// handshake, and with which the certificate is then compared itself.
  public static func name(_ name: String) -> String? {
    (try? SocketAddress(ipAddress: name, port: 0)) == nil ? name : nil
  }

  private static func certificates(_ pem: String, _ what: String) throws(ConnectionError) -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !certificates.isEmpty else {
      throw ConnectionError("the \(what) not in PEM")
    }
    return certificates
  }
}
