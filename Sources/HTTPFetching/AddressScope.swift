/// How far an IP address reaches (IANA's special-purpose address registries, RFC 6890).
enum AddressScope: Sendable, Hashable {
  /// This machine.
  case loopback
  /// Not routed on the internet: private, link-local, shared, multicast, reserved, unspecified.
  case local
  /// The internet.
  case global

  /// The scope of an address of 4 or 16 bytes; of any other length it is ``local``.
  init(_ address: [UInt8]) {
    switch address.count {
    case 4: self = Self.ipv4(address[0], address[1], address[2])
    case 16: self = Self.ipv6(address)
    default: self = .local
    }
  }

  private static func ipv4(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> AddressScope {
    switch (first, second, third) {
    case (127, _, _): .loopback
    case (0, _, _), (10, _, _), (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 0, 0), (192, 168, _),
      (198, 18...19, _), (224..., _, _):
      .local
    default: .global
    }
  }

  private static func ipv6(_ bytes: [UInt8]) -> AddressScope {
    if bytes == [UInt8](repeating: 0, count: 15) + [1] { return .loopback }
    // Addresses that stand for an IPv4 address: mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056).
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    let translated: [UInt8] = [0x00, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)
    if bytes.starts(with: mapped) || bytes.starts(with: translated) { return ipv4(bytes[12], bytes[13], bytes[14]) }
    if bytes.starts(with: [0x20, 0x02]) { return ipv4(bytes[2], bytes[3], bytes[4]) }
    // Only 2000::/3 is given out for the internet.
    return bytes[0] & 0xE0 == 0x20 ? .global : .local
  }
}
