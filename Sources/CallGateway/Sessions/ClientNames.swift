import GRPCTransport

/// The names of which a client's certificate must carry one: a DNS name, or the subject's common name.
///
/// `*.` stands for exactly one label (RFC 6125, section 6.4.3). An empty list takes any verified certificate.
struct ClientNames: Sendable {
  private let names: [String]

  init(_ names: [String]) { self.names = names.map { $0.lowercased() } }

  func admit(_ certificate: PeerCertificate?) -> Bool {
    if names.isEmpty { return true }
    guard let certificate else { return false }
    let own = certificate.alternativeNames + (certificate.commonName.map { [$0] } ?? [])
    return own.contains { name in names.contains { Self.matches(name.lowercased(), pattern: $0) } }
  }

  static func matches(_ name: String, pattern: String) -> Bool {
    guard pattern.hasPrefix("*.") else { return name == pattern }
    guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return false }
    return name[dot...] == pattern.dropFirst()
  }
}
