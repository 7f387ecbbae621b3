import AdminServer
import Basics
import CallGateway
import DataSources
import GRPCTransport
import Locking
import Synchronization
import TokenVerification

/// What the server says of itself to operators and to health checks.
final class ServerState: Sendable {
  private let gateway: VoiceGateway
  private let identity: IdentityParts
  private let registrar: Registrar?
  /// The services whose health is told, the empty name being the server's.
  private let services: [String]
  private let draining = Atomic<Bool>(false)
  /// Why the server's own port is taken to be dead; nil while it answers.
  private let lostPort = Locked<String?>(nil)
  private let began = MonotonicClock.now()

  init(gateway: VoiceGateway, identity: IdentityParts, registrar: Registrar?, services: [String]) {
    self.services = services
    self.gateway = gateway
    self.identity = identity
    self.registrar = registrar
  }

  /// No new conversations are taken.
  var isDraining: Bool {
    get { draining.load(ordering: .relaxed) }
    set { draining.store(newValue, ordering: .relaxed) }
  }

  /// The gRPC port does not answer the server itself, for this reason: no call can be taken any more.
  func losePort(_ reason: String) { lostPort.withLock { $0 = reason } }

  /// Whether calls can be taken, and why not.
  var readiness: Readiness {
    var reasons: [String] = []
    if isDraining { reasons.append("the server is draining") }
    if let reason = lostPort.withLock({ $0 }) { reasons.append("the server's own port does not answer: \(reason)") }
    if CoreGuard.lacksDescriptors { reasons.append("connections are refused: open files are at their limit") }
    if !identity.isReady { reasons.append("no issuer's keys are there yet") }
    reasons += gateway.loadReasons
    return Readiness(reasons: reasons)
  }

  /// The same, after the health services have been told: who has been told that it is ready finds it so everywhere.
  func publishedReadiness(to health: HealthStatus) -> Readiness {
    publish(to: health)
    return readiness
  }

  /// For the dashboard.
  var snapshot: StatusSnapshot {
    let now = MonotonicClock.now()
    // The longest first: those are the ones an operator looks for.
    let statuses = gateway.statuses.sorted { $0.seconds(now: now) > $1.seconds(now: now) }
    let calls = statuses.prefix(StatusSnapshot.maximumCalls).map { status in
      StatusSnapshot.Call(
        conversation: status.conversation, tenant: status.organization, agent: status.agent,
        state: "\(status.activity)", seconds: status.seconds(now: now), turns: status.turns)
    }
    return StatusSnapshot(
      version: Version.text, reasons: readiness.reasons, uptime: (now - began) / .seconds(1),
      liveCalls: statuses.count, callLimit: gateway.settings.limits.conversations, calls: calls,
      counters: gateway.counts.map { .init($0.name, $0.value) } + registrations,
      turnLatency: gateway.turnLatency.map { .init(count: $0.count, p50: $0.p50, p90: $0.p90, p99: $0.p99) })
  }

  /// The same with more numbers.
  func snapshot(with counters: [StatusSnapshot.Counter]) -> StatusSnapshot {
    var snapshot = snapshot
    snapshot.counters += counters
    return snapshot
  }

  /// How long each registration has to live. Those that end first come first, and not too many of them.
  private var registrations: [StatusSnapshot.Counter] {
    let now = WallClock.now()
    let statuses = registrar?.statuses ?? []
    let lives = statuses.map { status in
      (name: "\(status.name): \(status.state.rawValue), seconds to live", seconds: status.secondsLeft(now: now) ?? 0)
    }
    return lives.sorted { $0.seconds < $1.seconds }.prefix(20).map { .init($0.name, Int(clamping: $0.seconds)) }
  }

  /// Tells the health services what they answer.
  func publish(to health: HealthStatus) {
    let status: ServingStatus = readiness.isReady ? .serving : .notServing
    for service in services where health.status(of: service) != status {
      health.set(status, for: service)
    }
  }
}

/// The program's version.
package enum Version {
  package static let text = "0.1.0"
}
