import Basics

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
    guard url.utf8.count <= Self.maximumBytes, url.isVisibleASCII,
      !url.contains("#"), let colon = url.firstRange(of: "://")
    else { return nil }
    switch url[..<colon.lowerBound].lowercased() {
    case "ws": isSecure = false
    case "wss": isSecure = true
    default: return nil
    }
    let rest = url[colon.upperBound...]
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let authority = rest[..<slash]
    guard !authority.contains("@"), let parts = try? NetworkAddress.parts(of: authority) else { return nil }
    host = parts.host
    port = Int(parts.port ?? (isSecure ? 443 : 80))
    let path = String(rest[slash...])
    target = path.hasPrefix("/") ? path : "/" + path
  }
}
