import Foundation
import HTTPServing

// Who may read and do what.

extension AdminSite {
  func refusal(of request: ServerRequest) -> ServerResponse? {
    guard let token = token() else { return isLocalName(request.host) ? nil : .text(403, "not under this host name") }
    if let given = Self.credential(request.authorization), Self.isEqual(given, token) { return nil }
    var response = ServerResponse.text(401, "a token is needed, as a bearer token or as the password of any user")
    response.fields = [("WWW-Authenticate", "Bearer"), ("WWW-Authenticate", "Basic realm=\"patchbay\"")]
    return response
  }

  /// Without a token, a web page could have its own name point at this machine and read what is here (DNS rebinding);
  /// so only addresses and `localhost` are taken as the host.
  func isLocalName(_ host: String?) -> Bool {
    guard let host else { return true }
    let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
    if name == "localhost" || name.hasPrefix("[") && name.hasSuffix("]") { return true }
    return !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }

  /// A bearer token (RFC 6750), or the password of basic authentication (RFC 7617), which browsers ask a person for.
  static func credential(_ field: String?) -> String? {
    let parts = field?.split(separator: " ", maxSplits: 1) ?? []
    guard parts.count == 2 else { return nil }
    switch parts[0].lowercased() {
    case "bearer": return String(parts[1])
    case "basic":
      guard let data = Data(base64Encoded: String(parts[1])), let pair = String(validating: data, as: UTF8.self),
        let colon = pair.firstIndex(of: ":")
      else { return nil }
      return String(pair[pair.index(after: colon)...])
    default: return nil
    }
  }

  /// Compares without telling by its time how much is right.
  static func isEqual(_ a: String, _ b: String) -> Bool {
    let a = Array(a.utf8)
    let b = Array(b.utf8)
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// Why a request for what is nobody's but an operator's is refused: it needs the token, on loopback too, and no page of
  /// another origin may have a browser ask for it.
  func guardedRefusal(of request: ServerRequest) -> ServerResponse? {
    guard token() != nil else {
      return .text(403, "this needs a token: write `admin: {token_file: …}` in the configuration")
    }
    guard !request.isOfAnotherOrigin else { return .text(403, "pages of other origins may not read this") }
    return refusal(of: request)
  }

  /// What answers requests for a path that only those with the token may read, where there is such a thing.
  func guarded(_ path: String) -> AdminAction? {
    guardedPaths().first { path.hasPrefix($0.key) }?.value
  }
}
