import Glibc

extension Configuration {
  /// `limits.connections`: what the gRPC port takes of connections.
  public struct Connections: Sendable, Equatable {
    /// `open` at once; default 2,000.
    public var open = 2_000
    /// `per_source`: open at once from one address, for IPv6 from one /64; default 64.
    public var perSource = 64
    /// `per_second`: new ones, of which one address gets half at most; default 100.
    public var perSecond = 100
    /// `trusted`: addresses that the last two do not bound, as an edge's; default the machine itself.
    public var trusted = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }
  }

  /// Addresses that begin with the same bits: `192.0.2.0/24`, `2001:db8::/32`, or one address.
  public struct AddressRange: Sendable, Equatable, CustomStringConvertible {
    /// 4 or 16 bytes.
    public var bytes: [UInt8]
    /// How many bits count.
    public var bits: Int
    /// As it was written.
    public var description: String

    /// Reads a range; nil where it is none.
    public init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard let address = parts.first.map(String.init), parts.count <= 2 else { return nil }
      var bytes = [UInt8](repeating: 0, count: address.contains(":") ? 16 : 4)
      guard inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, address, &bytes) == 1 else { return nil }
      let most = bytes.count * 8
      var bits = most
      if parts.count == 2 {
        guard parts[1].allSatisfy(\.isASCII), let number = Int(parts[1]), (0...most).contains(number),
          String(number) == parts[1]
        else { return nil }
        bits = number
      }
      self.bytes = bytes
      self.bits = bits
      description = text
    }
  }
}

extension Configuration.Connections {
  init(_ section: Section) {
    self.init()
    open = section.integer("open", in: 1...1_000_000, default: open)
    perSource = section.integer("per_source", in: 1...1_000_000, default: perSource)
    perSecond = section.integer("per_second", in: 1...1_000_000, default: perSecond)
    let write = "an address or a range of addresses, as 192.0.2.10 or 2001:db8::/32"
    let listed = section.texts("trusted", maximum: 64, write: write).compactMap { text, place in
      let range = Configuration.AddressRange(text)
      if range == nil {
        section.reading.report(
          place, "`\(section.name("trusted"))` cannot hold `\(text.quotedForMessage)`", "write \(write)")
      }
      return range
    }
    if section.has("trusted") { trusted = listed }
    section.finish()
  }
}
