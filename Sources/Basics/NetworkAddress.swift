import Glibc

/// A host and a port: `127.0.0.1:50051`, `[::1]:50051` or `localhost:50051`.
public struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 or IPv6 address without brackets, or a name.
  public var host: String
  /// The port; 0 binds a free one.
  public var port: UInt16

  /// An address of its parts, unchecked.
  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `address:port`, an address to listen on; `nil` where it is not one.
  public init?(_ text: String) {
    guard text.utf8.count <= 64, let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
      return nil
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard Self.isIPv6(host) else { return nil }
    } else {
      guard host == "localhost" || Self.isIPv4(host) else { return nil }
    }
    self.init(host: host, port: port)
  }

  /// Whether only this machine can reach it: 127.0.0.0/8 (RFC 1122), `::1` (RFC 4291) or `localhost` (RFC 6761).
  public var isLoopback: Bool { Self.isLoopback(host) }

  /// The host under which this machine reaches a port that listens here: a port of every address is a port of the loopback.
  package var ownHost: String {
    switch host {
    case "0.0.0.0", "localhost": "127.0.0.1"
    case "::": "::1"
    default: host
    }
  }

  /// The address as it is written: with brackets around IPv6.
  public var description: String { "\(Self.written(host)):\(port)" }

  /// A host as it is written before a port: with brackets around IPv6.
  package static func written(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

  /// Why a URL names no address: a clause whose subject is the URL.
  package typealias FormatError = TextError<NetworkAddress>

  /// The parts of what a URL has between its slashes, without a user: `HOST` or `HOST:PORT`, with brackets around IPv6.
  package static func parts(of authority: Substring) throws(FormatError) -> (host: String, port: UInt16?) {
    let host: Substring
    var rest: Substring
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { throw FormatError("has a bracket that is not closed") }
      host = authority[..<end].dropFirst()
      rest = authority[end...].dropFirst()
    } else {
      host = authority.prefix { $0 != ":" }
      rest = authority[host.endIndex...]
    }
    guard !host.isEmpty else { throw FormatError("names no host") }
    if rest.isEmpty { return (String(host), nil) }
    guard rest.popFirst() == ":", rest.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(rest), port > 0
    else { throw FormatError("has a port that is not from 1 to 65535") }
    return (String(host), port)
  }

  /// Whether a host is this machine by its name or its address, as ``isLoopback``.
  package static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" { return true }
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
    var six = in6_addr()
    guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
    return withUnsafeBytes(of: &six) { bytes in bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 }
  }

  private static func isIPv4(_ host: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, host, &address) == 1
  }

  private static func isIPv6(_ host: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, host, &address) == 1
  }
}
