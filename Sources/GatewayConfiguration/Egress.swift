import Basics
import YAMLReading

extension Configuration {
  /// `egress`: where bots may be.
  public struct Egress: Sendable, Equatable {
    /// `hosts`: names, `*.` standing for one label or more, or addresses; empty allows the hosts that the engines
    /// name. Loopback is always allowed.
    public var hosts: [String] = []

    /// Whether a connection to a host is allowed.
    public func allows(_ host: String) -> Bool {
      if hosts.isEmpty || NetworkAddress.isLoopback(host) { return true }
      let host = host.lowercased()
      return hosts.contains { $0.hasPrefix("*.") ? host.hasSuffix($0.dropFirst()) : $0 == host }
    }
  }
}

extension Configuration.Egress: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "hosts", \.hosts,
      .names(
        1_000, "a host's name or address",
        "write it without scheme and port, as in bot.example.com or \"*.example.com\"", isHost),
      "The allowed hosts, `*.` for one label or more; default the hosts that the engines name.")
  }

  func check(_ section: Section) { section.reading.egress = self }

  private static func isHost(_ text: String) -> Bool {
    let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
    return (1...253).contains(name.utf8.count) && name.isWord(with: "-.:_")
  }
}
