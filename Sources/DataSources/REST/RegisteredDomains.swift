/// The domains that the Service App may register URLs in. A URL elsewhere would be refused by Webex: here, it is before
/// anything is sent.
public struct RegisteredDomains: Sendable, Hashable {
  /// The names, in lower case; empty means that they are not known, and nothing is refused.
  public let names: [String]

  /// Domains by their names.
  public init(_ names: [String]) { self.names = names.map { $0.lowercased() } }

  /// The host of a URL if it lies outside; nil if the URL may be registered. A domain holds itself and all names below.
  public func hostOutside(_ url: String) -> String? {
    guard !names.isEmpty else { return nil }
    let host = Self.host(of: url)
    return names.contains { host == $0 || host.hasSuffix("." + $0) } ? nil : host
  }

  /// The host of a URL, in lower case and without a final dot; empty where there is none.
  static func host(of url: String) -> String {
    guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return "" }
    var authority = url[colon...].dropFirst(3).prefix { !"/?#".contains($0) }
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    var host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
    if host.hasSuffix(".") { host = host.dropLast() }
    return host.lowercased()
  }
}
