import Basics

/// The parts of an absolute URL (RFC 3986) that the configuration has rules for.
struct URLParts {
  var scheme: String
  /// Without brackets.
  var host: String
  /// `nil` where none is named.
  var port: Int?
  /// From the first slash to the query; may be empty.
  var path: String

  /// Whether only this machine can be meant.
  var isLoopback: Bool { NetworkAddress.isLoopback(host) }

  /// Whether a secret can be sent there, and a key believed that comes from there.
  var isTrustworthy: Bool { scheme == "https" || scheme == "http" && isLoopback }

  /// Reads `scheme://host[:port][/path]`. No user information, no spaces or control characters, printable ASCII only:
  /// what is compared byte for byte must have one form.
  init?(_ text: String) {
    guard (1...512).contains(text.utf8.count), text.isVisibleASCII else { return nil }
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    scheme = String(text[..<colon])
    guard !scheme.isEmpty, scheme.utf8.allSatisfy({ (97...122).contains($0) }) else { return nil }
    let rest = text[text.index(colon, offsetBy: 3)...]
    let authority = rest.prefix { !"/?#".contains($0) }
    path = String(rest[authority.endIndex...].prefix { $0 != "?" })
    guard !authority.contains("@"), !rest.contains("#"), let parts = try? NetworkAddress.parts(of: authority) else {
      return nil
    }
    host = parts.host
    port = parts.port.map { Int($0) }
  }
}
