import Glibc

/// What a TLS listener shows to clients: the certificate with its chain and its key, and whom it trusts, read from PEM files
/// and found to belong together.
public struct ServerCertificate: Sendable {
  /// How long before its end a certificate is warned of, in seconds: 21 days.
  public static let warning: Int64 = 21 * 86_400
  /// How far a certificate may begin in the future: what clocks may differ, in seconds.
  private static let clockSkew: Int64 = 300

  /// The certificate with its chain, PEM.
  public let certificate: String
  /// The private key, PEM.
  public let key: String
  /// The authorities that clients' certificates are verified against, PEM.
  public let clientCA: String?
  /// When it ends, in seconds since 1970.
  public let ends: Int64
  /// The DNS names and addresses that it proves.
  public let names: [String]

  private let path: String
  private let clientCAPath: String?
  private let chain: [Certificate]
  private let authorities: [Certificate]
  /// Whether the chain ends with an issuer that clients with this system's authorities know. Asked once: it reads them all.
  private let isComplete: Bool

  /// Reads the files, and refuses what no client could connect with: a key that is not the certificate's, a certificate that
  /// has ended or has not begun.
  ///
  /// - Parameters:
  ///   - certificate: the path of the certificate with its chain; `key`: of its key; `clientCA`: of the authorities that
  ///     clients' certificates are verified against.
  ///   - now: seconds since 1970.
  public init(
    certificate path: String, key keyPath: String, clientCA clientCAPath: String? = nil, now: Int64
  ) throws(CertificateError) {
    func fault(_ path: String, _ problem: String) -> CertificateError { CertificateError(path: path, problem: problem) }
    certificate = try PEMFile.text(of: path, holding: "CERTIFICATE")
    key = try PEMFile.text(of: keyPath, holding: "PRIVATE KEY")
    clientCA = try clientCAPath.map { path throws(CertificateError) in
      try PEMFile.text(of: path, holding: "CERTIFICATE")
    }
    guard let chain = Certificate.all(in: certificate), let leaf = chain.first else {
      throw fault(path, "holds a certificate that cannot be read; write it again")
    }
    guard let privateKey = PrivateKey(key) else {
      throw fault(keyPath, "holds a private key that cannot be read; write it again")
    }
    guard leaf.fits(privateKey) else {
      if let index = chain.firstIndex(where: { $0.fits(privateKey) }) {
        throw fault(
          path, "has the key's certificate in place \(index + 1); put it first, then the one that issued it, and so on")
      }
      throw fault(path, "is not the certificate of the key \(keyPath); put the two that belong together there")
    }
    var authorities: [Certificate] = []
    if let clientCA, let clientCAPath {
      guard let read = Certificate.all(in: clientCA) else {
        throw fault(clientCAPath, "holds a certificate that cannot be read; write it again")
      }
      authorities = read
    }
    self.path = path
    self.clientCAPath = clientCAPath
    self.chain = chain
    self.authorities = authorities
    isComplete = chain.last.map { $0.isSelfSigned || $0.hasKnownIssuer } ?? false
    ends = leaf.ends
    names = leaf.names
    if let finding = validity(of: leaf, now: now), finding.isError {
      throw fault(path, "\(finding.problem); \(finding.remedy)")
    }
  }

  /// All that people have to know of it.
  ///
  /// - Parameters:
  ///   - hosts: the hosts that clients connect to by name, each with what it is for; `nil` where only clients connect that
  ///     were given the certificate.
  ///   - now: seconds since 1970.
  public func findings(hosts: [(host: String, purpose: String)]?, now: Int64) -> [CertificateFinding] {
    guard let leaf = chain.first else { return [] }
    var findings: [CertificateFinding] = []
    func find(_ kind: CertificateFinding.Kind, isError: Bool = false, _ problem: String, _ remedy: String) {
      findings.append(
        CertificateFinding(kind: kind, isError: isError, path: path, problem: problem, remedy: remedy))
    }
    if let finding = validity(of: leaf, now: now) { findings.append(finding) }
    let missing = (hosts ?? []).filter { !leaf.proves($0.host) }
    if !missing.isEmpty {
      let named = missing.prefix(5).map { "\($0.host) (\($0.purpose))" }.joined(separator: ", ")
      let rest = missing.count > 5 ? " and \(missing.count - 5) more" : ""
      let own = names.isEmpty ? "no host at all" : names.prefix(10).joined(separator: ", ")
      find(
        .names, "does not name \(named)\(rest), but \(own)",
        "have one made with these names, unless a proxy with a certificate of its own stands before this port")
    }
    if !leaf.isForServers {
      find(.purpose, isError: true, "is not for servers", "have one made for server authentication")
    }
    if leaf.isSelfSigned, hosts != nil {
      find(
        .selfSigned, "is self-signed: Webex, and whoever was not given it, refuses it",
        "have one made by a public authority before Webex calls")
    } else {
      checkChain(isPublic: hosts != nil) { find($0, isError: $1, $2, $3) }
    }
    for authority in authorities where authority.ends <= now {
      findings.append(
        CertificateFinding(
          kind: .authority, isError: authorities.allSatisfy { $0.ends <= now }, path: clientCAPath ?? "",
          problem: "the authority \(authority.subject) ended \(Self.age(now - authority.ends)) ago",
          remedy: "take it out, or replace it"))
    }
    return findings
  }

  private func checkChain(isPublic: Bool, _ find: (CertificateFinding.Kind, Bool, String, String) -> Void) {
    for (index, (one, next)) in zip(chain, chain.dropFirst()).enumerated() where !next.hasIssued(one) {
      find(
        .order, false,
        "is out of order: the certificate in place \(index + 2), \(next.subject), did not issue the one before",
        "put each certificate's issuer right after it, and leave others out")
      return
    }
    if let last = chain.last, isPublic, !isComplete {
      find(
        .chain, false,
        "ends with \(last.subject), whose issuer, \(last.issuer), is neither in the file "
          + "nor among this system's authorities",
        "append the intermediate certificates; with an authority of your own, give it to the clients")
    }
  }

  /// A name that the certificate proves, for clients that reach the port by its address: the host itself where it is one.
  /// A wildcard has `label` in its place; `nil` where it proves nothing.
  public func provenName(for host: String, label: String = "patchbay") -> String? {
    names.contains(host) ? host : names.first?.replacing("*.", with: "\(label).", maxReplacements: 1)
  }

  private func validity(of leaf: Certificate, now: Int64) -> CertificateFinding? {
    func finding(_ kind: CertificateFinding.Kind, isError: Bool, _ problem: String) -> CertificateFinding {
      CertificateFinding(
        kind: kind, isError: isError, path: path, problem: problem, remedy: "put a new certificate and its key there")
    }
    for (index, certificate) in chain.enumerated() where certificate.ends <= now {
      let what = index == 0 ? "" : "holds \(certificate.subject), which "
      return finding(
        .over, isError: true, "\(what)ended \(Self.age(now - certificate.ends)) ago, on \(Self.date(certificate.ends))")
    }
    if leaf.begins > now + Self.clockSkew {
      return finding(.notYet, isError: true, "begins only on \(Self.date(leaf.begins)); is this machine's clock right?")
    }
    let end = chain.map(\.ends).min() ?? leaf.ends
    guard end - now < Self.warning else { return nil }
    return finding(.soon, isError: false, "ends in \(Self.age(end - now)), on \(Self.date(end))")
  }

  private static func age(_ seconds: Int64) -> String {
    switch seconds {
    case ..<7_200: "\(max(0, seconds) / 60) min"
    case ..<172_800: "\(seconds / 3_600) h"
    default: "\(seconds / 86_400) days"
    }
  }

  private static func date(_ seconds: Int64) -> String {
    var seconds = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "?" }
    func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year &+ 1_900)-\(digits(parts.tm_mon &+ 1))-\(digits(parts.tm_mday)) \(digits(parts.tm_hour)):"
      + "\(digits(parts.tm_min)) UTC"
  }
}
