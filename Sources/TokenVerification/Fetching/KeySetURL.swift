import CCurl

/// What is checked of a key set's URL before anything connects to it, with the parser that will connect.
enum KeySetURL {
  static func check(_ text: String) throws(TrustedIssuer.Defect) {
    guard (1...2_048).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      let url = curl_url()
    else { throw .malformedURL }
    defer { curl_url_cleanup(url) }
    guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK, let scheme = part(CURLUPART_SCHEME, of: url),
      let host = part(CURLUPART_HOST, of: url), !host.isEmpty
    else { throw .malformedURL }
    for unwanted in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT] where part(unwanted, of: url) != nil {
      throw .unwantedURLPart
    }
    switch scheme {
    case "https": break
    case "http": guard isLoopback(host: host) else { throw .insecureURL }
    default: throw .insecureURL
    }
  }

  /// Whether a URL that passed ``check(_:)`` is http, and so has to lead to the loopback interface.
  static func isPlaintext(_ text: String) -> Bool { text.prefix(7).lowercased() == "http://" }

  private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  private static func isLoopback(host: String) -> Bool {
    guard host.lowercased() != "localhost" else { return true }
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, host, &bytes) == 1 { return AddressScope(Array(bytes.prefix(4))) == .loopback }
    let literal = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    return inet_pton(AF_INET6, literal, &bytes) == 1 && AddressScope(bytes) == .loopback
  }
}
