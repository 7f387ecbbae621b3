/// Why a TLS file cannot be used.
public struct CertificateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong, as a sentence's end, and what to do.
  public let problem: String

  /// A file and what is wrong with it.
  public init(path: String, problem: String) {
    self.path = path
    self.problem = problem
  }

  /// The file and what is wrong with it.
  public var description: String { "\(path): \(problem)" }
}

/// Something about a certificate that people have to know.
public struct CertificateFinding: Sendable, Hashable {
  /// What it is about.
  public enum Kind: String, Sendable, Hashable {
    case over, soon, notYet, names, selfSigned, chain, order, purpose, authority
  }

  /// What it is about.
  public let kind: Kind
  /// Whether clients that check certificates cannot connect; otherwise some may not, or not for long.
  public let isError: Bool
  /// The file.
  public let path: String
  /// What is wrong, as a sentence's end.
  public let problem: String
  /// What to do.
  public let remedy: String
}
