import CGRPC
public import Logging
import Locking
import Synchronization

/// The loops of a process.
///
/// One loop is the default: every further thread that polls costs more CPU a message, because the C core keeps one
/// designated poller per process.
///
/// `shutdown()` has to be called in the end, after the servers that use the loops have been shut down.
public final class EventLoopGroup: Sendable {
  /// The loops, in a fixed order.
  public let loops: [EventLoop]
  private let next = Atomic(0)
  private let isDown = Locked(false)

  /// Starts the C core (once a process, however many groups) and a thread for each loop.
  ///
  /// - Parameters:
  ///   - count: how many loops, at least 1.
  ///   - logger: receives the C core's own log lines, rate-limited and with control characters escaped. The last
  ///     group made decides for the process.
  public init(count: Int = 1, logger: Logger) throws(ThreadError) {
    precondition(count >= 1, "a group has at least one loop")
    pb_library_retain()
    CoreLog.install(logger)
    let loops = (0..<count).map { EventLoop(name: "patchbay-loop-\($0)") }
    self.loops = loops
    for loop in loops { try loop.start() }
  }

  /// The loops in turn, for clients that do not care.
  public func nextLoop() -> EventLoop {
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: number) % UInt(loops.count))]
  }

  /// Cancels what clients still have open, ends the threads and releases the C core. Once; later calls do nothing.
  ///
  /// A server that still runs on these loops keeps it waiting.
  public func shutdown() async {
    let first = isDown.withLock { isDown in
      defer { isDown = true }
      return !isDown
    }
    if !first { return }
    for loop in loops { await loop.stop() }
    let loops = loops
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      // A join blocks, so it gets a thread that may be blocked.
      var identifier: UInt64 = 0
      let box = Unmanaged.passRetained(
        Closing {
          for loop in loops { loop.join() }
          pb_library_release()
          done.resume()
        })
      let result = pb_thread_start(
        "patchbay-close",
        { context in
          guard let context else { return }
          Unmanaged<Closing>.fromOpaque(context).takeRetainedValue().body()
        }, box.toOpaque(), &identifier)
      if result == 0 {
        pb_thread_detach(identifier)
      } else {
        box.takeRetainedValue().body()
      }
    }
  }
}

/// What a closing thread does, in a box that C can carry.
private final class Closing {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}
