/// The names in a client's certificate, which TLS has verified.
public struct ClientCertificate: Sendable, Hashable {
  /// The subject's common name, where it has no spaces.
  public let commonName: String?
  /// The DNS names and IPv4 addresses that it proves.
  public let names: [String]

  /// What a certificate in DER says; nil where it cannot be read.
  public init?(der: [UInt8]) {
    guard let certificate = Certificate(der: der) else { return nil }
    commonName = certificate.commonName
    names = certificate.names
  }
}
