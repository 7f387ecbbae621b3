import Glibc
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, waited for on a thread of their own.
///
/// They are blocked before any other thread exists (``block()``), so that every thread inherits the block: a signal
/// that reached any other thread would end the process at once.
struct TerminationSignals {
  /// What the operator asks for.
  enum Request: Sendable {
    /// Drain and end; asked a second time: end now.
    case terminate
    /// Read the configuration anew.
    case reload
  }

  /// The requests, in order.
  let requests: AsyncStream<Request>

  private static var set: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
    return set
  }

  /// Blocks the signals for this thread and those it makes. Call on the main thread, first of all.
  static func block() {
    var set = set
    pthread_sigmask(SIG_BLOCK, &set, nil)
    // A peer that hangs up is an error of its write, not of the process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Begins to wait for what was blocked.
  init() {
    let (requests, continuation) = AsyncStream.makeStream(of: Request.self)
    self.requests = requests
    let waiter = Waiter(set: Self.set, continuation: continuation)
    var thread = pthread_t()
    pthread_create(&thread, nil, Waiter.run, Unmanaged.passRetained(waiter).toOpaque())
  }

  private final class Waiter {
    var set: sigset_t
    let continuation: AsyncStream<Request>.Continuation

    init(set: sigset_t, continuation: AsyncStream<Request>.Continuation) {
      self.set = set
      self.continuation = continuation
    }

    static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
      guard let pointer else { return nil }
      let waiter = Unmanaged<Waiter>.fromOpaque(pointer).takeRetainedValue()
      while true {
        var signal: Int32 = 0
        guard sigwait(&waiter.set, &signal) == 0 else { continue }
        waiter.continuation.yield(signal == SIGHUP ? .reload : .terminate)
      }
    }
  }
}
