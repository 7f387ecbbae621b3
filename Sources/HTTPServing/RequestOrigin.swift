extension ServerRequest {
  /// Whether a browser says that a page of another site sent it: its `Origin` is another than its `Host`, or, where it
  /// has none, `Sec-Fetch-Site` tells. Clients that are no browsers send neither. Where TLS ends here, a page in plaintext is
  /// another's too: whoever is on the way can write it.
  public var isOfAnotherOrigin: Bool {
    let origins = fields.filter { $0.name.lowercased() == "origin" }
    guard origins.count < 2 else { return true }
    guard let origin = origins.first?.value else {
      return field("Sec-Fetch-Site").map { !["same-origin", "none"].contains($0) } ?? false
    }
    guard let host = host?.lowercased() else { return true }
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")] where origin.lowercased().hasPrefix(scheme) {
      if isSecure, scheme == "http://" { return true }
      let authority = String(origin.lowercased().dropFirst(scheme.count))
      func plain(_ name: String) -> String { name.hasSuffix(port) ? String(name.dropLast(port.count)) : name }
      return plain(authority) != plain(host)
    }
    return true
  }
}
