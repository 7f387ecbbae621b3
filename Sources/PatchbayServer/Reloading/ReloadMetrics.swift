import Foundation
import Metrics

/// What operators see of reloads.
struct ReloadMetrics: Sendable {
  private let accepted = Counter(label: "patchbay_configuration_reloads_total", dimensions: [("result", "ok")])
  private let refused = Counter(label: "patchbay_configuration_reloads_total", dimensions: [("result", "refused")])
  private let time = Gauge(label: "patchbay_configuration_loaded_timestamp_seconds")
  private let isStale = Gauge(label: "patchbay_configuration_file_refused")
  private let tenants = Gauge(label: "patchbay_tenants")
  private let agents = Gauge(label: "patchbay_agents")
  private let revocations = Gauge(label: "patchbay_revocations")

  /// A configuration is in force.
  func inForce(tenants: Int, agents: Int, isFirst: Bool) {
    if !isFirst { accepted.increment() }
    isStale.record(0)
    time.record(Date().timeIntervalSince1970)
    self.tenants.record(tenants)
    self.agents.record(agents)
  }

  /// The file that is there is not what is in force.
  func fileRefused() {
    refused.increment()
    isStale.record(1)
  }

  func revoked(_ count: Int) { revocations.record(count) }
}
