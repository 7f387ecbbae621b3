public import BotEngine

/// The receivers of the configuration, with whose media they take.
public struct MediaReceivers: Sendable {
  /// One receiver.
  public struct Entry: Sendable {
    /// What logs and metrics call it; unique.
    public var id: String
    /// The receiver.
    public var receiver: any MediaReceiver
    /// The organizations whose media it takes; `nil` is all.
    public var organizations: Set<String>?
    /// The sessions it takes.
    public var kinds: Set<MediaSessionInfo.Kind>

    /// A receiver.
    public init(
      id: String, receiver: any MediaReceiver, organizations: Set<String>? = nil, kinds: Set<MediaSessionInfo.Kind>
    ) {
      self.id = id
      self.receiver = receiver
      self.organizations = organizations
      self.kinds = kinds
    }
  }

  /// All of them.
  public var entries: [Entry]

  /// Receivers.
  public init(_ entries: [Entry] = []) { self.entries = entries }

  /// Those that take an organization's sessions of a kind.
  public func entries(for organization: String, _ kind: MediaSessionInfo.Kind) -> [Entry] {
    entries.filter { $0.kinds.contains(kind) && $0.organizations?.contains(organization) ?? true }
  }

  /// Whether any accepts sessions of a kind.
  public func accept(_ kind: MediaSessionInfo.Kind) -> Bool { entries.contains { $0.kinds.contains(kind) } }
}
