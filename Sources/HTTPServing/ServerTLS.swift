public import Certificates
public import Logging
import NIOSSL

/// The TLS of a port: 1.2 and 1.3, authenticated ciphers over ephemeral keys, a certificate that is watched. New files count
/// from the next handshake on; connections that are up go on.
public final class ServerTLS: Sendable {
  /// For TLS 1.2; those of 1.3 are all good.
  private static let ciphers: [NIOTLSCipher] = [
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  private let watched: WatchedCertificate<NIOSSLContext>

  /// Reads the files. Blocks.
  ///
  /// - Parameters:
  ///   - files: with a client CA, a client certificate is required.
  ///   - listener: the port, by a name that no other has.
  /// - Throws: what is wrong with which file.
  public init(_ files: TLSFiles, listener: String, logger: Logger) throws(CertificateError) {
    watched = WatchedCertificate(files, listener: listener, logger: logger) {
      certificate throws(CertificateError) in try Self.context(certificate, files)
    }
    try watched.load()
  }

  /// Looks whether the files are others than before, at most once a second, and puts them into use. May read files: not for a
  /// thread that must not wait.
  ///
  /// - Returns: what is in use.
  @discardableResult
  public func look() -> ListenerCertificate? {
    watched.look()
    return watched.status
  }

  /// For the next handshake; always there once the initializer has returned.
  var context: NIOSSLContext? { watched.loaded?.prepared }

  private static func context(_ certificate: ServerCertificate, _ files: TLSFiles) throws(CertificateError)
    -> NIOSSLContext
  {
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificate.utf8))
      let key = try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      configuration.cipherSuiteValues = ciphers
      configuration.applicationProtocols = ["http/1.1"]
      configuration.shutdownTimeout = .seconds(1)
      if let authorities = certificate.clientCA {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
        // The client's certificate is verified, but there is no host whose name it should have.
        configuration.certificateVerification =
          files.clientCertificate == .required ? .noHostnameVerification : .optionalVerification
      }
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw CertificateError(
        path: files.certificate,
        problem: "cannot be used for TLS with its key (\(error)); write both again, with an RSA or an ECDSA key")
    }
  }
}
