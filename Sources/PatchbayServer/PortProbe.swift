import Dispatch
import GRPCTransport
import GatewayConfiguration
import Locking
import Logging
import ServiceLifecycle

/// Calls the server's own gRPC port, as a client would: a listener can be dead while the process, its admin port and its
/// open connections are well.
///
/// A probe waits far longer than a call of an overloaded server is worth, so that only a port that answers nobody is
/// given up, and never one that is busy.
struct PortProbe: Service {
  /// The port has not answered.
  struct LostPortError: Error, CustomStringConvertible {
    /// What the last probe met.
    var problem: String
    var description: String { "the server's own port has not answered \(mostFailures) times: \(problem)" }
  }

  static let interval = Duration.seconds(5)
  static let timeout = Duration.seconds(10)
  static let mostFailures = 3

  private let host: String
  private let port: Int
  private let isTLS: Bool
  private let answered: @Sendable () -> Void
  private let log: Logger
  private let state: ServerState
  private let queue = DispatchQueue(label: "port-probe")

  /// - Parameters:
  ///   - host: where the port is, if not at the address of `listen`.
  ///   - state: is told of the port's loss.
  ///   - answered: is told of each probe that the port has answered.
  init(
    _ listen: Configuration.Listen, host: String? = nil, port: Int, state: ServerState,
    answered: @escaping @Sendable () -> Void,
    log: Logger
  ) {
    self.host = host ?? listen.address.ownHost
    self.port = port
    self.state = state
    isTLS = listen.tls != nil
    self.answered = answered
    self.log = log
  }

  /// Probes until the server is to end. Throws ``LostPortError``.
  func run() async throws { try await cancelWhenGracefulShutdown { try await watch() } }

  private func watch() async throws(LostPortError) {
    var failures = 0
    while true {
      try? await Task.sleep(for: Self.interval)
      let problem = await probe()
      if Task.isCancelled { return }
      failures = problem == nil ? 0 : failures + 1
      guard let problem else {
        answered()
        continue
      }
      log.warning("the server's own port does not answer: \(problem)", metadata: ["failures": "\(failures)"])
      guard failures >= Self.mostFailures else { continue }
      state.losePort(problem)
      throw LostPortError(problem: problem)
    }
  }

  /// What a probe meets; `nil` where the port answers. A probe blocks, so it has a queue of its own; where the task is
  /// cancelled it is not waited for.
  private func probe() async -> String? {
    let result = Awaited<String??>(nil)
    queue.async {
      let problem = CoreGuard.probe(host: host, port: port, isTLS: isTLS, timeout: Self.timeout)
      result.change { $0 = .some(problem) }
    }
    return await result.first { $0 } ?? nil
  }
}
