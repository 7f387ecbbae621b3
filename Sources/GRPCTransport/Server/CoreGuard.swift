import CGRPC
import Glibc

/// What protects the C core's listeners and connections from inside, for the process.
///
/// Debian's C core is fixed at one version, so this stands in for a few of its functions where the loaded library is
/// exactly the build that it was written for: its accept loop with limits on connections that survives a want of file
/// descriptors; the rules of frames; the length that a message declares; the connection's window. With any other build
/// of the library all of that is as the core has it, and the edge has to bound it.
public enum CoreGuard {
  /// The version of the loaded library, as `29.0.0`.
  public static var coreVersion: String { String(cString: pb_core_version()) }

  /// Whether the library is the one known build.
  public static var isActive: Bool { pb_guard_is_active() }

  /// Bounds on connections.
  public struct ConnectionLimits: Sendable, Hashable {
    /// Open at once.
    public var open = 2_000
    /// Open at once from one address (IPv6: from one /64).
    public var perSource = 64
    /// New ones a second, of which one address gets half at most.
    public var perSecond = 100
    /// Addresses that are exempt from the last two: the edge's.
    public var trusted = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    /// The product's limits.
    public init() {}
  }

  /// Addresses that begin with the same bits: `192.0.2.0/24`, `2001:db8::/32`, or one address.
  public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes.
    public let bytes: [UInt8]
    /// How many bits count.
    public let bits: Int
    /// As it was written.
    public let description: String

    /// Reads a range; nil where it is none.
    public init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard let address = parts.first.map(String.init), parts.count <= 2 else { return nil }
      var bytes = [UInt8](repeating: 0, count: address.contains(":") ? 16 : 4)
      guard inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, address, &bytes) == 1 else { return nil }
      let most = bytes.count * 8
      let bits = parts.count == 2 ? Int(parts[1]) : most
      guard let bits, (0...most).contains(bits), parts.count == 1 || String(bits) == parts[1] else { return nil }
      self.bytes = bytes
      self.bits = bits
      description = text
    }

    fileprivate var core: pb_address_range? {
      let whole = bytes.count == 4 ? [UInt8](repeating: 0, count: 10) + [255, 255] + bytes : bytes
      guard whole.count == 16, bits >= 0 else { return nil }
      var range = pb_address_range()
      withUnsafeMutableBytes(of: &range.bytes) { $0.copyBytes(from: whole) }
      range.bits = UInt32(clamping: bits) + (bytes.count == 4 ? 96 : 0)
      return range
    }
  }

  /// Puts limits in force for connections to come.
  public static func configure(_ limits: ConnectionLimits) {
    var core = pb_connection_limits()
    core.connections = UInt32(clamping: limits.open)
    core.per_source = UInt32(clamping: limits.perSource)
    core.per_second = UInt32(clamping: limits.perSecond)
    let ranges = limits.trusted.compactMap(\.core)
    pb_admission_configure(&core, ranges, ranges.count)
  }

  /// How many connections are open.
  public static var openConnections: Int { Int(pb_admission_open()) }

  /// How many connections were refused when they were made, and why.
  public static var refusals: [(reason: String, count: Int)] {
    [
      ("connections", PB_REFUSED_TOTAL), ("source", PB_REFUSED_SOURCE), ("rate", PB_REFUSED_RATE),
      ("descriptors", PB_REFUSED_DESCRIPTORS), ("frames", PB_REFUSED_PUNISHED),
    ].map { ($0.0, Int(clamping: pb_admission_refused(Int32($0.1)))) }
  }

  /// How many connections were closed for their frames, and for which.
  public static var closures: [(reason: String, count: Int)] {
    [
      ("control_frames", PB_RULE_CONTROL_FRAMES), ("window_updates", PB_RULE_WINDOW_UPDATES),
      ("resets", PB_RULE_RESETS), ("new_rpcs", PB_RULE_NEW_STREAMS), ("goaways", PB_RULE_GOAWAYS),
      ("header_block", PB_RULE_HEADER_BLOCK), ("data", PB_RULE_DATA),
    ].map { ($0.0, Int(clamping: pb_guard_closed(Int32($0.1)))) }
  }

  /// Whether a connection was refused in the last five seconds because the process has no file descriptors left.
  public static var lacksDescriptors: Bool {
    let last = pb_admission_ran_out()
    return last != 0 && pb_now() - last < 5_000_000_000
  }

  /// Makes a new connection to an address of this machine and a real RPC on it.
  ///
  /// Blocks, up to the timeout. The connection is exempt from the limits. A TLS handshake in which a client's certificate
  /// is asked for is an answer too.
  ///
  /// - Parameter host: numeric, an IPv6 address without brackets.
  /// - Returns: what failed; nil where the listener lives.
  public static func probe(host: String, port: Int, isTLS: Bool, timeout: Duration) -> String? {
    var problem = [CChar](repeating: 0, count: 160)
    let milliseconds = Int32(clamping: Int64(timeout / .milliseconds(1)))
    let result = pb_probe(host, String(port), isTLS, milliseconds, &problem, problem.count)
    if result == Int32(PB_PROBE_ALIVE) { return nil }
    return String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
