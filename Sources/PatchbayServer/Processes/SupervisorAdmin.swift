import AdminServer
import Basics
import Certificates
import Foundation
import GatewayConfiguration
import HTTPServing
import Locking
import Logging
import Ownership
import Telemetry

/// The admin port of several processes: their metrics as one, how many of them take calls, and what the operator may ask of
/// all of them.
final class SupervisorAdmin: Sendable {
  private struct State: Sendable {
    var isAnnounced = false
    var isEnding = false
    var restarts = 0
    var merged = MergedMetrics(summing: SupervisorAdmin.summed)
    var order: (@Sendable (ProcessOrder) -> Void)?
  }

  /// Gauges that count something, of which the sum is the server's.
  private static let summed: Set<String> = [
    "patchbay_conversations_live", "patchbay_media_sessions_live", "patchbay_connections", "patchbay_sockets_open",
    "patchbay_recordings_open",
  ]

  private let table: ProcessTable
  private let reports: ProcessReports
  private let server: AdminServer
  private let state: Locked<State>
  private let tls: ServerTLS?
  private let began = MonotonicClock.now()

  /// Nothing listens yet. Throws where the token cannot be read.
  init(_ configuration: Configuration, table: ProcessTable, folder: String, log: Logger) throws {
    self.table = table
    let reports = ProcessReports(folder: folder)
    self.reports = reports
    let state = Locked(State())
    self.state = state
    let own = MetricsRegistry()
    own.gauge("patchbay_processes", "Processes that share the port, as configured.") { Double(table.plan.processes) }
    own.gauge("patchbay_processes_ready", "Processes that accept calls.") { Double(Self.ready(table)) }
    own.counter("patchbay_process_restarts_total", "Processes that ended and were started again.") {
      Double(state.withLock { $0.restarts })
    }
    // What is counted here is told with the rest.
    own.bootstrap()
    let listener = "admin \(configuration.admin.address)"
    let tls = try configuration.admin.tls.map { try ServerTLS($0.files, listener: listener, logger: log) }
    self.tls = tls
    let exposition: @Sendable () -> String = {
      let texts = (0..<table.plan.processes).map { (Optional($0), reports.read($0, .metrics)) }
      return state.withLock { $0.merged }.exposition(of: texts + [(nil, own.exposition())])
    }
    let began = began
    server = AdminServer(
      address: configuration.admin.address,
      token: try configuration.admin.readToken(environment: ProcessInfo.processInfo.environment), metrics: own,
      readiness: { Self.readiness(table, state.withLock { $0 }) },
      status: { StatusSnapshot(version: Version.text, reasons: [], uptime: 0, liveCalls: 0, callLimit: 0) },
      exposition: exposition, callEnding: CallEnding { _, _, _ in .unknown }, tls: tls,
      handshakeFailed: HandshakeFailure.counting(on: listener), logger: log)
    let forwarding = ProcessForwarding(table: table)
    server.setForward { request in
      forwarding.work(for: request) { status in
        status.version = Version.text
        status.reasons = Self.readiness(table, state.withLock { $0 }).reasons
        status.uptime = (MonotonicClock.now() - began) / .seconds(1)
        status.isDraining = state.withLock { $0.isEnding }
        status.cluster = Self.servers(table)
      }
    }
    // The processes answer these: here they are known, so that their bodies are read.
    let nobody: AdminAction = { _ in .text(503, "no process answers") }
    server.add(nobody, at: "/revocations")
    server.addQuestion(nobody, at: VerificationCall.path)
    server.addPage("runbook.html", at: "/runbook")
    server.add(
      { _ in
        guard let order = state.withLock({ $0.isEnding ? nil : $0.order }) else {
          return .text(409, "the server is draining")
        }
        log.notice("asked to drain at the admin port")
        order(.drain)
        return .text(202, "draining: no new calls are taken")
      }, at: "/drain")
    server.add(
      { _ in
        guard let order = state.withLock({ $0.isEnding ? nil : $0.order }) else {
          return .text(409, "the server is draining")
        }
        order(.reload)
        return .text(202, "all processes read the configuration again; the log tells what came of it")
      }, at: "/reload")
  }

  // MARK: What it says

  private static func ready(_ table: ProcessTable) -> Int {
    (0..<table.plan.processes).count { table.state(of: $0) == .ready }
  }

  /// Ready with the first process, once all were there: the kernel gives connections to those that listen.
  private static func readiness(_ table: ProcessTable, _ state: State) -> Readiness {
    let count = table.plan.processes
    let ready = ready(table)
    let words = "\(ready) of \(count) processes accept calls"
    if state.isEnding { return Readiness(reasons: ["the server is draining"]) }
    guard state.isAnnounced, ready > 0 else { return Readiness(reasons: [words]) }
    var readiness = Readiness.ready
    if ready < count { readiness.degradations.append(words) }
    return readiness
  }

  /// The processes, as the dashboard shows servers.
  private static func servers(_ table: ProcessTable) -> StatusSnapshot.Cluster {
    var cluster = StatusSnapshot.Cluster()
    cluster.secondsAgo = 0
    cluster.servers = (0..<table.plan.processes).map { index in
      let state = table.state(of: index)
      let port = table.port(of: index)
      return .init(
        address: "process \(index)" + (port == 0 ? "" : ", port \(port)"), id: table.replica(index).incarnation,
        version: Version.text, state: word(state), liveCalls: table.live(of: index),
        ownedCalls: table.live(of: index), uptime: 0,
        secondsAgo: (table.silence(of: index) ?? .zero) / .seconds(1))
    }
    return cluster
  }

  /// As servers of a cluster are called.
  private static func word(_ state: ProcessTable.State) -> String {
    switch state {
    case .gone: StatusSnapshot.Cluster.Server.silent
    case .starting, .unready: "unready"
    case .ready: "ready"
    case .draining, .drained: "draining"
    }
  }

  /// Whether calls are accepted.
  var isWell: Bool { Self.readiness(table, state.withLock { $0 }).isReady }

  // MARK: What it is told

  /// What clients have to show; a token that cannot be read leaves the former one.
  var token: String? {
    get { server.token }
    set { if newValue != nil { server.token = newValue } }
  }

  /// Is told of what the operator asks.
  func onOrder(_ order: @escaping @Sendable (ProcessOrder) -> Void) { state.withLock { $0.order = order } }

  /// All processes have been there.
  func announced() { state.withLock { $0.isAnnounced = true } }

  /// How the whole is. Looks at the certificate's files too, at most once a second.
  func look(isEnding: Bool) {
    state.withLock { $0.isEnding = isEnding }
    _ = tls?.look()
  }

  /// A process has ended: what it has counted counts on.
  func retire(_ process: Int) {
    let text = reports.read(process, .metrics)
    reports.forget(process, .metrics)
    state.withLock { state in
      state.merged.retire(text)
      if !state.isEnding { state.restarts += 1 }
    }
  }

  /// Binds and serves.
  func start() async throws -> NetworkAddress { try await server.start() }

  /// Ends serving.
  func stop() { server.stop() }
}
