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
  let gateway: VoiceGateway
  let media: MediaGateway
  let identity: IdentityParts
  let registrar: Registrar?
  /// The services whose health is told, the empty name being the server's.
  private let services: [String]
  private let draining = Atomic<Bool>(false)
  /// Why the server's own port is taken to be dead; nil while it answers.
  private let lostPort = Locked<String?>(nil)
  let began = MonotonicClock.now()
  private let sharedParts = Locked<SharedParts?>(nil)

  init(
    gateway: VoiceGateway, media: MediaGateway, identity: IdentityParts, registrar: Registrar?, services: [String]
  ) {
    self.media = media
    self.services = services
    self.gateway = gateway
    self.identity = identity
    self.registrar = registrar
  }

  /// Other servers share with this one.
  func share(_ parts: SharedParts) { sharedParts.withLock { $0 = parts } }

  /// What is one for all servers; `nil` without a cluster.
  var shared: SharedParts? { sharedParts.withLock { $0 } }

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
    var readiness = Readiness(reasons: reasons)
    if let trouble = gateway.ownershipTrouble {
      readiness.degradations.append("which server has a call cannot be looked up: \(trouble)")
    }
    return readiness
  }

  /// The same, after the health services have been told: who has been told that it is ready finds it so everywhere.
  func publishedReadiness(to health: HealthStatus) -> Readiness {
    publish(to: health)
    return readiness
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
