import Basics
import CCurl

/// What is checked of a URL before anything connects to it, with the parser that will connect.
public enum FetchURL {
  /// Why nothing would be fetched from a URL.
  public enum FormatError: Error, Sendable, Hashable {
    /// The URL cannot be read, or has characters that a URL must escape.
    case malformed
    /// Neither https, nor http to the loopback interface.
    case insecure
    /// The URL has a user, a password or a fragment.
    case unwantedPart
  }

  /// Throws unless `text` is an https URL, or an http URL to the loopback interface, of at most 2,048 bytes.
  public static func check(_ text: String) throws(FormatError) {
    guard (1...2_048).contains(text.utf8.count), text.isVisibleASCII,
      let url = curl_url()
    else { throw .malformed }
    defer { curl_url_cleanup(url) }
    guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK, let scheme = part(CURLUPART_SCHEME, of: url),
      let host = part(CURLUPART_HOST, of: url), !host.isEmpty
    else { throw .malformed }
    for unwanted in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT] where part(unwanted, of: url) != nil {
      throw .unwantedPart
    }
    switch scheme {
    case "https": break
    case "http": guard isLoopback(host: host) else { throw .insecure }
    default: throw .insecure
    }
  }

  /// Whether a URL that passed ``check(_:)`` is http, and so has to lead to the loopback interface.
  public static func isPlaintext(_ text: String) -> Bool { text.prefix(7).lowercased() == "http://" }

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
