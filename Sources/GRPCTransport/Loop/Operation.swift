/// What an operation's tag says about it.
enum Operation: Int32 {
  case wake = 1
  case callArrived, serverStopped
  /// Of a call, of either side.
  case sent, received, closed, headers
}

/// The system gave no thread for a loop.
public struct ThreadError: Error, Sendable, CustomStringConvertible {
  /// The errno of `pthread_create`.
  public var code: Int32
  /// What happened, for a log.
  public var description: String { "cannot start the thread of an event loop (errno \(code))" }
}
