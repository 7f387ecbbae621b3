import Glibc
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, waited for on a thread of their own.
///
/// They are blocked before any other thread exists, so that every thread inherits the block and no system call of the
/// C core is interrupted by them.
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

  /// Blocks the signals and begins to wait. Call first of all.
  init() {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    // A peer that hangs up is an error of its write, not of the process.
    signal(SIGPIPE, SIG_IGN)
    let (requests, continuation) = AsyncStream.makeStream(of: Request.self)
    self.requests = requests
    let waiter = Waiter(set: set, continuation: continuation)
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
