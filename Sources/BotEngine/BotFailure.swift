/// Why a bot failed a call: what an engine throws from ``BotEngine/converse(_:)`` to have it logged and counted by its
/// kind. Other errors are logged by their type alone, because their texts may quote the caller.
public struct BotFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; its raw value is a metric's label.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// No connection: refused, unreachable, name unknown, TLS not accepted, not in time.
    case unreachable
    /// The bot refused the call: credentials, an unknown method, a status that says no.
    case refused
    /// It ended the conversation while the call was up.
    case closed
    /// It sent what its protocol does not allow.
    case garbage
    /// It sent more than it may, and would not be slowed down.
    case flooded
  }

  /// The kind of failure.
  public var kind: Kind
  /// For the operator: what happened, and what to look at. It is logged, so it quotes nothing that the bot sent.
  public var message: String
  /// Whether the bot left as one does that has said what it had to say: what it had handed over is heard before the
  /// caller gets the fallback.
  public var isInOrder: Bool

  /// A failure.
  public init(_ kind: Kind, _ message: String, isInOrder: Bool = false) {
    self.kind = kind
    self.message = message
    self.isInOrder = isInOrder
  }

  /// `unreachable: …`.
  public var description: String { "\(kind.rawValue): \(message)" }
}
