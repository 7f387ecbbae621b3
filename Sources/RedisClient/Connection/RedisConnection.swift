public import Basics
import BotConnections
import Locking
public import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// A connection to one Redis server, kept up as well as it goes: lost, it is made again. Commands of all threads go out
/// pipelined, in the order in which they come.
///
/// Nothing waits longer than it said: without a connection a command fails at once, with one that does not answer it
/// fails at the end of its time. The connection lives until ``close()``.
public final class RedisConnection: Sendable {
  /// What is told of a command, once: on the connection's own thread, or, for a command that is not sent, on the
  /// sender's before sending returns. It must not block.
  public typealias Done = @Sendable (Result<RESPValue, RedisError>) -> Void

  /// Never shut down: it ends with the process.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// The server.
  public let address: RedisAddress
  private let queue: RedisQueue
  private let line: RedisLine

  /// Begins to connect. Blocks while certificates are read.
  ///
  /// - Parameter changed: is told each new state, on the connection's thread; it must not block.
  /// - Throws: a clause that says which certificate cannot be used.
  public init(
    _ settings: RedisSettings, log: Logger, changed: @escaping @Sendable (RedisState) -> Void = { _ in }
  ) throws(RedisSettingsError) {
    address = settings.address
    var tls: NIOSSLContext?
    if settings.address.isSecure {
      do throws(ConnectionError) {
        tls = try TLSContext.make(
          rootsPEM: settings.rootsPEM, certificatePEM: settings.certificatePEM, keyPEM: settings.keyPEM, protocols: [])
      } catch { throw RedisSettingsError(error.message) }
    }
    queue = RedisQueue(settings)
    line = RedisLine(settings, tls: tls, queue: queue, loop: Self.group.next(), log: log, changed: changed)
    line.loop.execute { [line] in line.connect() }
  }

  deinit { close() }

  /// Whether there is a connection now.
  public var state: RedisState { queue.state }

  /// How often a connection was made: the server may have lost its memory between two of them.
  public var connections: Int { queue.connections }

  /// Commands that are not answered, with those whose time is over.
  public var unanswered: Int { queue.count }

  /// Sends a command; `done` is told the answer, or why there is none, within `limit`.
  public func send(_ command: RedisCommand, within limit: Duration, _ done: @escaping Done) {
    enqueue([QueuedCommand(wire: command.wire, deadline: Self.deadline(limit), done: done)])
  }

  /// Sends a command and waits for its answer, at most so long. Cancelling the task does not take the command back.
  public func send(_ command: RedisCommand, within limit: Duration) async -> Result<RESPValue, RedisError> {
    await withCheckedContinuation { continuation in
      send(command, within: limit) { continuation.resume(returning: $0) }
    }
  }

  /// Sends commands at once, one after the other, and waits for all answers.
  public func send(_ commands: [RedisCommand], within limit: Duration) async -> [Result<RESPValue, RedisError>] {
    if commands.isEmpty { return [] }
    let deadline = Self.deadline(limit)
    let answers = Locked<(left: Int, results: [Result<RESPValue, RedisError>])>(
      (commands.count, Array(repeating: .failure(.timeout), count: commands.count)))
    return await withCheckedContinuation { continuation in
      let queued = commands.enumerated().map { index, command in
        QueuedCommand(wire: command.wire, deadline: deadline) { result in
          let whole: [Result<RESPValue, RedisError>]? = answers.withLock { answers in
            answers.results[index] = result
            answers.left -= 1
            return answers.left == 0 ? answers.results : nil
          }
          if let whole { continuation.resume(returning: whole) }
        }
      }
      enqueue(queued)
    }
  }

  /// Waits until there is a connection. False where there is none within `limit`.
  public func isConnected(within limit: Duration) async -> Bool {
    let deadline = MonotonicClock.now() + limit
    while !state.isConnected {
      guard MonotonicClock.now() < deadline, !Task.isCancelled else { return false }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return true
  }

  /// Ends it for good; what is unanswered fails.
  public func close() { line.loop.execute { [line] in line.close() } }

  /// A time on the monotonic clock, in nanoseconds.
  static func deadline(_ limit: Duration) -> Int64 {
    MonotonicClock.nanoseconds.addingReportingOverflow(limit.nanoseconds).partialValue
  }

  /// All or none of them are sent.
  func enqueue(_ commands: [QueuedCommand]) {
    switch queue.add(commands) {
    case .told: break
    case .tell: line.loop.execute { [line] in line.sendQueued() }
    case .refused(let error):
      line.metrics.refused(error, commands.count)
      for command in commands { command.done(.failure(error)) }
    }
  }
}

/// What is wrong with how a server is to be reached: a clause.
public typealias RedisSettingsError = TextError<RedisSettings>
