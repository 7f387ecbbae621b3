/// Where a WebSocket server is: a `ws:` or `wss:` URL (RFC 6455, section 3) in its parts.
public struct WebSocketAddress: Sendable, Hashable {
  /// Whether the connection is made over TLS (`wss`).
  public let isSecure: Bool
  /// A name or an address; an IPv6 address without its brackets.
  public let host: String
  /// The port; 443 or 80 where the URL names none.
  public let port: Int
  /// Path and query, from the first slash; `/` at least.
  public let target: String

  /// The longest URL taken, in bytes.
  public static let maximumBytes = 2_048

  /// Reads a URL. `nil` where it is no WebSocket URL, names a user or a fragment, or has characters that a URL must
  /// escape.
  public init?(_ url: String) {
    guard url.utf8.count <= Self.maximumBytes, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      !url.contains("#"), let colon = url.firstRange(of: "://")
    else { return nil }
    switch url[..<colon.lowerBound].lowercased() {
    case "ws": isSecure = false
    case "wss": isSecure = true
    default: return nil
    }
    let rest = url[colon.upperBound...]
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    var authority = rest[..<slash]
    guard !authority.contains("@") else { return nil }
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      authority = authority[authority.index(after: end)...]
    } else {
      let end = authority.firstIndex(of: ":") ?? authority.endIndex
      host = String(authority[..<end])
      authority = authority[end...]
    }
    guard !host.isEmpty else { return nil }
    if authority.isEmpty {
      port = isSecure ? 443 : 80
    } else {
      guard authority.first == ":", let number = UInt16(authority.dropFirst()), number > 0 else { return nil }
      port = Int(number)
    }
    let path = String(rest[slash...])
    target = path.hasPrefix("/") ? path : "/" + path
  }
}
