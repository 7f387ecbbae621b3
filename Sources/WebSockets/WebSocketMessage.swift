/// A whole message of a WebSocket's.
public struct WebSocketMessage: Sendable, Hashable {
  /// What its bytes are.
  public enum Kind: Sendable, Hashable {
    /// UTF-8, verified.
    case text
    /// Anything.
    case binary
  }

  /// What the bytes are.
  public var kind: Kind
  /// The message.
  public var bytes: [UInt8]

  /// A message.
  public init(kind: Kind, bytes: [UInt8]) {
    self.kind = kind
    self.bytes = bytes
  }
}
