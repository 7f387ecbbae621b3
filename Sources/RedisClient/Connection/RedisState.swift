/// Whether there is a connection.
public enum RedisState: Sendable, Hashable {
  /// There is none yet, or none any more, for this reason; an attempt is under way or will be.
  case unreachable(String)
  /// There is, to a server of this version (empty where it does not tell).
  case connected(version: String)
  /// Its owner has closed it.
  case closed

  /// Whether commands are sent.
  public var isConnected: Bool { if case .connected = self { true } else { false } }
}
