import Dispatch
import Glibc

/// SIGTERM, SIGINT and SIGHUP as requests of the operator.
///
/// Taken by Dispatch through a signalfd: they interrupt no system call of the C core, whose threads block them.
package final class TerminationSignals {
  /// What the operator asks for.
  package enum Request: Sendable {
    /// Drain and end; asked a second time: end now.
    case terminate
    /// Read the configuration anew.
    case reload
  }

  /// The requests, in order.
  package let requests: AsyncStream<Request>
  private let sources: [any DispatchSourceSignal]

  /// Begins to listen.
  package init() {
    // A peer that hangs up is an error of its write, not of the process.
    signal(SIGPIPE, SIG_IGN)
    let (requests, continuation) = AsyncStream.makeStream(of: Request.self)
    self.requests = requests
    let queue = DispatchQueue(label: "signals")
    sources = [(SIGTERM, Request.terminate), (SIGINT, .terminate), (SIGHUP, .reload)].map { number, request in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { continuation.yield(request) }
      source.resume()
      return source
    }
  }
}
