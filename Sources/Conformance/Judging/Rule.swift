/// One rule of the interface between Webex and a server of voice virtual agents.
public struct Rule: Sendable, Codable, Equatable {
  /// What becomes of a call where a server breaks the rule; the gravest first.
  public enum Severity: String, Sendable, Codable, CaseIterable {
    /// Somebody hears or does what they may not.
    case security
    /// The call, or the rest of it, is lost.
    case lost
    /// The call goes on, and the caller notices.
    case noticed
  }

  /// Its name, which stays the same: `turn.start-once`.
  public var id: String
  /// What a server does.
  public var text: String
  /// Where it stands.
  public var source: String
  /// What Webex, or the caller, does where a server breaks it.
  public var consequence: String
  /// How grave that is.
  public var severity: Severity

  init(_ id: String, _ severity: Severity, _ text: String, _ source: String, _ consequence: String) {
    self.id = id
    self.text = text
    self.source = source
    self.consequence = consequence
    self.severity = severity
  }

  /// Whether only a server over WebSocket can break it.
  var isOfSocketsOnly: Bool { id.hasPrefix("socket.") }

  /// The rule of an id.
  public static func named(_ id: String) -> Rule? { byID[id] }

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
}
