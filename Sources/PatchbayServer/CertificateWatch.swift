import AdminServer
import Basics
import Certificates
import Locking
import Logging
import Metrics
import TokenVerification

/// Keeps an eye on the certificates in use while the server runs: new files, the end that comes nearer, tenants whose hosts
/// they do not name. Tells of it in the log, in metrics and on the dashboard.
final class CertificateWatch: Sendable {
  /// How often certificates are compared with the tenants.
  private static let interval: Duration = .seconds(5)
  /// How often what is still so is told again.
  private static let repetition: Duration = .seconds(86_400)

  private struct Told: Hashable {
    var listener: String
    var kind: CertificateFinding.Kind
    var ends: Int64
    /// Names are told of again where others are missing.
    var names: String
  }

  private struct State {
    var shown: [StatusSnapshot.Certificate] = []
    var told: [Told: Duration] = [:]
    var looksAt: Duration = .zero
    var ends: [Int64] = []
  }

  /// A port, or several that clients connect to by the same names.
  struct Port: Sendable {
    /// The certificates in use; may read files.
    var certificates: @Sendable () -> [ListenerCertificate]
    /// The hosts that they have to name now; `nil` where only clients connect that were given the certificate.
    var hosts: (@Sendable () -> [(host: String, purpose: String)])?
  }

  private let ports: [Port]
  private let log: Logger
  private let state = Locked(State())

  init(_ ports: [Port], log: Logger) {
    self.ports = ports
    self.log = log
  }

  /// For the dashboard.
  var shown: [StatusSnapshot.Certificate] { state.withLock { $0.shown } }

  /// Looks at them; once a second.
  func look(wall: Int64, monotonic: Duration) {
    let found = ports.flatMap { port in port.certificates().map { (one: $0, hosts: port.hosts) } }
    let ends = found.map(\.one.certificate.ends)
    let isDue = state.withLock { state in
      guard monotonic >= state.looksAt || state.ends != ends else { return false }
      state.looksAt = monotonic + Self.interval
      state.ends = ends
      return true
    }
    var shown: [StatusSnapshot.Certificate] = []
    for (one, hosts) in found {
      let left = one.certificate.ends - wall
      let labels = [("listener", one.listener)]
      Gauge(label: "patchbay_certificate_seconds_left", dimensions: labels).record(left)
      Gauge(label: "patchbay_certificate_files_refused", dimensions: labels).record(one.refusal == nil ? 0 : 1)
      var certificate = StatusSnapshot.Certificate(listener: one.listener, secondsLeft: left)
      certificate.refusal = one.refusal
      shown.append(certificate)
      guard isDue else { continue }
      for finding in one.certificate.findings(hosts: hosts?(), now: wall) { tell(finding, of: one, monotonic) }
    }
    state.withLock { [shown] in $0.shown = shown }
  }

  private func tell(_ finding: CertificateFinding, of one: ListenerCertificate, _ now: Duration) {
    let told = Told(
      listener: one.listener, kind: finding.kind, ends: one.certificate.ends,
      names: finding.kind == .names ? finding.problem : "")
    let isNew = state.withLock { state in
      state.told = state.told.filter { now - $0.value < Self.repetition }
      guard state.told[told] == nil, state.told.count < 1_000 else { return false }
      state.told[told] = now
      return true
    }
    guard isNew else { return }
    let metadata: Logger.Metadata = [
      "listener": "\(one.listener)", "file": "\(finding.path)", "do": "\(finding.remedy)",
    ]
    if finding.isError {
      log.error("the certificate \(finding.problem)", metadata: metadata)
    } else {
      log.warning("the certificate \(finding.problem)", metadata: metadata)
    }
  }
}
