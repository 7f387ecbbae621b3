/// The certificate that a TLS listener uses.
public struct ListenerCertificate: Sendable {
  /// The listener, by a name that no other has.
  public let listener: String
  /// What clients are shown from the next handshake on.
  public let certificate: ServerCertificate
  /// Why the files as they are now are not in use; nil where they are.
  public let refusal: String?
}
