/// The PEM files of a TLS listener. They may be replaced while the server runs: the next handshakes, within a second,
/// use the new ones, and go on with the old ones where the new ones are not usable.
public struct TLSFiles: Sendable, Hashable {
  /// Whether clients show a certificate.
  public enum ClientCertificate: Sendable, Hashable {
    /// Not asked for.
    case none
    /// Verified where the client has one.
    case optional
    /// No connection without a valid one.
    case required
  }

  /// The certificate chain, the server's own first.
  public var certificate: String
  /// The private key, unencrypted.
  public var key: String
  /// The authorities that clients' certificates are verified against.
  public var clientCA: String?
  /// Whether clients show a certificate; `.none` without `clientCA`.
  public var clientCertificate: ClientCertificate

  /// Files. With a client CA, a client certificate is required unless said otherwise.
  public init(
    certificate: String, key: String, clientCA: String? = nil, clientCertificate: ClientCertificate = .required
  ) {
    self.certificate = certificate
    self.key = key
    self.clientCA = clientCA
    self.clientCertificate = clientCA == nil ? .none : clientCertificate
  }
}
