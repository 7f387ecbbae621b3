import BotEngine
import GRPCTransport
import Locking
import Logging

/// The loop that a call's engine works on.
enum EngineLoop {
  private static let spare = Locked<EventLoopGroup?>(nil)

  /// The loop of the running task, where the call and its RPC live on one thread. A call that is held elsewhere, such
  /// as in a test of a bot, has a loop of the engines' own, which is kept for the life of the process.
  static func current(log: Logger) throws(BotFailure) -> EventLoop {
    if let loop = EventLoop.current { return loop }
    let group: EventLoopGroup?
    do {
      group = try spare.withLock { spare in
        if let group = spare { return group }
        let group = try EventLoopGroup(logger: log)
        spare = group
        return group
      }
    } catch { throw BotFailure(.unreachable, "no thread can be started") }
    guard let loop = group?.loops.first else { throw BotFailure(.unreachable, "no thread can be started") }
    return loop
  }
}
