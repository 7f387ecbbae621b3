import Dispatch
import GRPCTransport
import GatewayConfiguration
import Logging
import Synchronization

/// Calls the server's own gRPC port, as a client would: a listener can be dead while the process, its admin port and its
/// open connections are well.
///
/// A probe waits far longer than a call of an overloaded server is worth, so that only a port that answers nobody is
/// given up, and never one that is busy.
final class PortProbe: Sendable {
  /// The port has not answered.
  struct LostPortError: Error, CustomStringConvertible {
    /// What the last probe met.
    var problem: String
    var description: String { "the server's own port has not answered \(mostFailures) times: \(problem)" }
  }

  /// What ends the server, or is asked of it.
  enum Event: Sendable {
    case asked(TerminationSignals.Request)
    case lost(LostPortError)
  }

  static let interval = Duration.seconds(5)
  static let timeout = Duration.seconds(10)
  static let mostFailures = 3

  private let host: String
  private let port: Int
  private let isTLS: Bool
  private let log: Logger
  private let isStopped = Atomic(false)

  init(_ listen: Configuration.Listen, port: Int, log: Logger) {
    // A port of every address is a port of the loopback.
    switch listen.address.host {
    case "0.0.0.0": host = "127.0.0.1"
    case "::": host = "::1"
    case "localhost": host = "127.0.0.1"
    case let given: host = given
    }
    self.port = port
    isTLS = listen.tls != nil
    self.log = log
  }

  /// Ends the probing; a probe that is on its way is not waited for.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// What the operator asks for, and the port's loss.
  static func join(_ requests: AsyncStream<TerminationSignals.Request>, _ probe: PortProbe?) -> AsyncStream<Event> {
    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let asking = Task {
      for await request in requests { continuation.yield(.asked(request)) }
    }
    continuation.onTermination = { _ in asking.cancel() }
    probe?.run { continuation.yield(.lost($0)) }
    return events
  }

  /// Probes on a queue of its own, since a probe blocks.
  private func run(_ lost: @escaping @Sendable (LostPortError) -> Void) {
    let queue = DispatchQueue(label: "port-probe")
    next(on: queue, failures: 0, lost)
  }

  private func next(on queue: DispatchQueue, failures: Int, _ lost: @escaping @Sendable (LostPortError) -> Void) {
    queue.asyncAfter(deadline: .now() + .milliseconds(Int(Self.interval / .milliseconds(1)))) { [self] in
      if isStopped.load(ordering: .relaxed) { return }
      guard let problem = CoreGuard.probe(host: host, port: port, isTLS: isTLS, timeout: Self.timeout) else {
        return next(on: queue, failures: 0, lost)
      }
      if isStopped.load(ordering: .relaxed) { return }
      log.warning("the server's own port does not answer: \(problem)", metadata: ["failures": "\(failures + 1)"])
      if failures + 1 >= Self.mostFailures { return lost(LostPortError(problem: problem)) }
      next(on: queue, failures: failures + 1, lost)
    }
  }
}
