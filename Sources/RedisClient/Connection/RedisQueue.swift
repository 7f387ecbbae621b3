import Locking

/// A command on its way, and who waits for its answer.
struct QueuedCommand: Sendable {
  let wire: [UInt8]
  /// Nanoseconds of the monotonic clock.
  let deadline: Int64
  let done: @Sendable (Result<RESPValue, RedisError>) -> Void
}

/// What senders on any thread and the connection's own thread share: commands that are not sent yet, and how many there
/// are that are not answered.
final class RedisQueue: Sendable {
  private struct Content {
    var state: RedisState
    var waiting: [QueuedCommand] = []
    var count = 0
    var bytes = 0
    var connections = 0
    /// The connection's thread has been told that there is something to send.
    var isTold = false
  }

  private let content: Locked<Content>
  private let maximumCommands: Int
  private let maximumBytes: Int

  init(_ settings: RedisSettings) {
    maximumCommands = settings.maximumCommands
    maximumBytes = settings.maximumBytes
    content = Locked(Content(state: .unreachable("not yet connected")))
  }

  /// What becomes of commands that are to be sent.
  enum Added {
    /// The connection's thread is to be told.
    case tell
    /// It knows already.
    case told
    /// They are not sent.
    case refused(RedisError)
  }

  /// Adds commands, all or none.
  func add(_ commands: [QueuedCommand]) -> Added {
    let bytes = commands.reduce(0) { $0 + $1.wire.count }
    return content.withLock { content in
      switch content.state {
      case .unreachable(let reason): return .refused(.unreachable(reason))
      case .closed: return .refused(.closed)
      case .connected: break
      }
      guard commands.count <= maximumCommands - content.count, bytes <= maximumBytes - content.bytes else {
        return .refused(.full)
      }
      content.count += commands.count
      content.bytes += bytes
      content.waiting += commands
      defer { content.isTold = true }
      return content.isTold ? .told : .tell
    }
  }

  /// The commands that are to be sent now.
  func take() -> [QueuedCommand] {
    content.withLock { content in
      content.isTold = false
      defer { content.waiting = [] }
      return content.waiting
    }
  }

  /// Commands are answered, or never will be.
  func release(count: Int, bytes: Int) {
    content.withLock { content in
      content.count -= count
      content.bytes -= bytes
    }
  }

  /// The state now. A connection that was closed by its owner stays so.
  var state: RedisState {
    get { content.withLock { $0.state } }
    set {
      content.withLock { content in
        guard content.state != .closed else { return }
        content.state = newValue
        if newValue.isConnected { content.connections += 1 }
      }
    }
  }

  /// How often a connection was made.
  var connections: Int { content.withLock { $0.connections } }

  /// Commands that are not answered.
  var count: Int { content.withLock { $0.count } }
}
