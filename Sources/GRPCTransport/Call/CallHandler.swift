/// One RPC's state machine on the server: synchronous, on its loop's thread, owned by its `ServerCall`.
///
/// The calls come one at a time and never from inside a call of the handler's own to `ServerCall`. A handler usually
/// keeps its `ServerCall`; the cycle ends with `ended(_:)`.
public protocol CallHandler: MessageHandler {
  /// The client sent everything it has. A cancelled call or a lost connection never looks like this.
  func halfClosed()

  /// The last call, exactly one.
  func ended(_ end: RPCEnd)
}

/// How a call ended on the server.
public enum RPCEnd: Sendable, Hashable {
  /// Our status went out; `ServerCall.finalStatus` says which.
  case completed
  /// By the client, the deadline, a lost connection, or `ServerCall.cancel()`.
  case cancelled
}

/// The handler of a call that was answered with a status at once: nothing is left to do.
public final class FinishedCallHandler: CallHandler {
  /// A handler.
  public init() {}
  /// Nothing to do.
  public func received(_ bytes: UnsafeRawBufferPointer) {}
  /// Nothing to do.
  public func halfClosed() {}
  /// Nothing to do.
  public func ended(_ end: RPCEnd) {}
}
