import Basics

/// Tickets that open one socket each, soon: a browser can set no header on a WebSocket, so whoever has proved to be an
/// operator is given one.
struct PhoneTickets: Sendable {
  /// How long a ticket is good for.
  static let lifetime: Duration = .seconds(30)
  /// Tickets that are out at once; a further one ends the oldest.
  static let maximum = 16

  private var tickets: [(text: String, made: Duration)] = []

  /// A fresh one: 32 hexadecimal digits of the system's random bits.
  mutating func issue(at now: Duration) -> String {
    var random = SystemRandomNumberGenerator()
    let text = random.hexadecimalName()
    tickets.removeAll { now - $0.made > Self.lifetime }
    if tickets.count == Self.maximum { tickets.removeFirst() }
    tickets.append((text, now))
    return text
  }

  /// Whether a ticket is good; from here on it is not.
  mutating func redeem(_ text: String, at now: Duration) -> Bool {
    guard let index = tickets.firstIndex(where: { Self.isEqual($0.text, text) }) else { return false }
    return now - tickets.remove(at: index).made <= Self.lifetime
  }

  /// Compares without telling by its time how much is right.
  private static func isEqual(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    return zip(a.utf8, b.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
