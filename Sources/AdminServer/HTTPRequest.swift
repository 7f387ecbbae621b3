/// The head of an HTTP/1.1 request (RFC 9112), strictly read: what an admin port needs and no more. Bodies are not read.
struct HTTPRequest: Sendable, Equatable {
  /// Bytes a head may have, its empty line included.
  static let maximumHeadLength = 8_192
  /// Header fields a head may have.
  static let maximumFields = 64

  /// Upper case letters.
  var method: String
  /// Begins with `/`; without the query.
  var path: String
  /// By names in lower case. A field that comes twice makes the request bad where it matters: see ``HTTPRequest/init``.
  var fields: [String: String]

  /// What a client gets wrong.
  enum Malformed: Error, Equatable {
    case badRequest
    case tooLarge
    case versionNotSupported
  }

  /// The length of the head, its empty line included, once it is complete.
  ///
  /// - Throws: ``Malformed/tooLarge`` where it cannot be complete any more.
  static func headLength(_ bytes: [UInt8]) throws(Malformed) -> Int? {
    let end = Array("\r\n\r\n".utf8)
    let window = bytes.prefix(maximumHeadLength)
    if let range = window.firstRange(of: end) { return range.upperBound }
    if bytes.count >= maximumHeadLength { throw .tooLarge }
    return nil
  }

  /// Reads a complete head. Refuses control characters, folded lines, white space before a colon and a second field
  /// where one decides something (`host`, `authorization`): two readers could take them differently (RFC 9112, 11.2).
  init(head: some Collection<UInt8>) throws(Malformed) {
    guard let text = String(validating: head, as: UTF8.self) else { throw .badRequest }
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
    guard let requestLine = lines.popFirst() else { throw .badRequest }
    let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].hasPrefix("HTTP/") else { throw .badRequest }
    guard parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { throw .versionNotSupported }
    guard (1...16).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy({ (65...90).contains($0) }),
      parts[1].hasPrefix("/"), parts[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw .badRequest }
    method = String(parts[0])
    path = String(parts[1].prefix { $0 != "?" })
    fields = [:]
    for line in lines where !line.isEmpty {
      guard fields.count < Self.maximumFields else { throw .tooLarge }
      guard let colon = line.firstIndex(of: ":") else { throw .badRequest }
      let name = line[..<colon]
      guard !name.isEmpty, name.utf8.allSatisfy({ Self.isNameByte($0) }) else { throw .badRequest }
      let value = line[line.index(after: colon)...].trimmingBlanks
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw .badRequest }
      let key = name.lowercased()
      if fields[key] != nil, key == "host" || key == "authorization" { throw .badRequest }
      fields[key] = String(value)
    }
  }

  /// `tchar` of RFC 9110, but for the rare ones.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
  }
}

extension Substring {
  fileprivate var trimmingBlanks: Substring {
    var text = self
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
