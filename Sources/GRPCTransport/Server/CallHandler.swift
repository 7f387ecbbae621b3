/// One RPC's state machine on the server: synchronous, on its loop's thread, owned by its `ServerCall`.
///
/// The calls come one at a time and never from inside a call of the handler's own to `ServerCall`. A handler usually
/// keeps its `ServerCall`; the cycle ends with `ended(_:)`.
public protocol CallHandler: AnyObject {
  /// A message arrived; `ServerCall.startReading()` began this. The next is read when this returns, unless paused.
  func received(_ message: borrowing ReceivedMessage)

  /// The client sent everything it has. A cancelled call or a lost connection never looks like this.
  func halfClosed()

  /// All that was sent has left: there is room again.
  func drained()

  /// The last call, exactly one.
  func ended(_ end: RPCEnd)
}

extension CallHandler {
  /// Does nothing.
  public func drained() {}
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
  public func received(_ message: borrowing ReceivedMessage) {}
  /// Nothing to do.
  public func halfClosed() {}
  /// Nothing to do.
  public func ended(_ end: RPCEnd) {}
}
