import BotEngine
import GRPCTransport

/// A call that a bot elsewhere holds over RPCs, and how it ends: told once, and waited for by the call's task.
///
/// `@unchecked Sendable`: everything but ``init()`` happens on one loop.
final class HeldBotCall: @unchecked Sendable {
  /// How it ended.
  struct End: Sendable {
    var failure: BotFailure?
    /// Whether the bot said anything at all.
    var hasHeard: Bool
  }

  private(set) var end: End?
  private var waiter: CheckedContinuation<End, Never>?

  /// Tells the events, until the end is known. Runs on the loop; where the task is cancelled, so does `breakOff`.
  func hold<Events: AsyncSequence & Sendable>(
    on loop: any LoopExecutor, telling events: Events, _ tell: @escaping @Sendable (Events.Element) -> Void,
    breakOff: @escaping @Sendable () -> Void
  ) async -> End where Events.Failure == Never {
    loop.preconditionIsCurrent()
    let pump = Task(executorPreference: loop) { for await event in events { tell(event) } }
    let end = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<End, Never>) in
        if let end = self.end { continuation.resume(returning: end) } else { waiter = continuation }
      }
    } onCancel: {
      loop.execute(breakOff)
    }
    pump.cancel()
    return end
  }

  /// It is over; only the first end counts.
  func finish(_ end: End) {
    guard self.end == nil else { return }
    self.end = end
    waiter?.resume(returning: end)
    waiter = nil
  }
}

/// Reads an RPC no further while there is no room for what it brings. On its loop.
final class RoomWatch {
  private let room: OutputRoom
  private let loop: any LoopExecutor
  private var isWaiting = false

  init(_ room: OutputRoom, on loop: any LoopExecutor) {
    self.room = room
    self.loop = loop
  }

  /// Something of the RPC was handed on.
  func heard(on rpc: (any OutgoingRPC)?) {
    guard !room.isOpen, !isWaiting, let rpc else { return }
    isWaiting = true
    rpc.pauseReading()
    let own = LoopBound((watch: self, rpc: rpc), loop: loop)
    Task(executorPreference: loop) { [room] in
      await room.wait()
      own.execute {
        $0.watch.isWaiting = false
        $0.rpc.startReading()
      }
    }
  }
}

/// When an attempt to reach a bot is made again: after a tenth of a second at first, later after up to a second, as long as
/// the time to connect has not passed by then.
struct Retries {
  private let patience: Duration
  private let began: Duration
  private var pause = Duration.milliseconds(100)

  init(since now: Duration, patience: Duration) {
    began = now
    self.patience = patience
  }

  /// An attempt has failed. Gives the time to the next one; `nil` where there is to be none.
  mutating func next(at now: Duration) -> Duration? {
    guard now - began + pause < patience else { return nil }
    defer { pause = min(pause * 2, .seconds(1)) }
    return pause
  }
}
