import Locking

/// A script in Lua that the server runs as one step. It names one key, `KEYS[1]`.
///
/// The server keeps scripts by their hash, which it tells once it has one; from then on only the hash is sent. A server
/// that has forgotten the script is sent the text again.
public final class RedisScript: Sendable {
  private let text: String
  private let hash = Locked<String?>(nil)

  /// A script.
  public init(_ text: String) { self.text = text }

  /// By the text, whatever the server has.
  fileprivate func whole(_ key: String, _ arguments: [RedisCommand.Argument]) -> RedisCommand {
    RedisCommand("EVAL", [.text(text), "1", .text(key)] + arguments)
  }

  /// By the hash, where it is known.
  fileprivate func short(_ key: String, _ arguments: [RedisCommand.Argument]) -> RedisCommand? {
    hash.withLock { $0 }.map { RedisCommand("EVALSHA", [.text($0), "1", .text(key)] + arguments) }
  }

  fileprivate var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", .text(text)) }

  fileprivate func learn(_ answer: Result<RESPValue, RedisError>) {
    if case .success(let value) = answer, let text = value.text, text.utf8.count == 40 { hash.withLock { $0 = text } }
  }
}

extension RedisConnection {
  /// Runs a script; `done` is told what it returns, or why there is nothing, within `limit`.
  public func run(
    _ script: RedisScript, key: String, _ arguments: [RedisCommand.Argument], within limit: Duration,
    _ done: @escaping Done
  ) {
    let deadline = Self.deadline(limit)
    guard let short = script.short(key, arguments) else {
      enqueue([
        QueuedCommand(wire: script.load.wire, deadline: deadline) { script.learn($0) },
        QueuedCommand(wire: script.whole(key, arguments).wire, deadline: deadline, done: done),
      ])
      return
    }
    // The connection's thread keeps no reference that would keep the connection.
    let again = QueuedCommand(wire: script.whole(key, arguments).wire, deadline: deadline, done: done)
    enqueue([
      QueuedCommand(wire: short.wire, deadline: deadline) { [weak self] result in
        guard case .failure(let error) = result, error.isUnknownScript else { return done(result) }
        guard let self else { return done(.failure(.closed)) }
        enqueue([again])
      }
    ])
  }

  /// Runs a script and waits for what it returns, at most so long.
  public func run(
    _ script: RedisScript, key: String, _ arguments: [RedisCommand.Argument] = [], within limit: Duration
  ) async -> Result<RESPValue, RedisError> {
    await withCheckedContinuation { continuation in
      run(script, key: key, arguments, within: limit) { continuation.resume(returning: $0) }
    }
  }
}
