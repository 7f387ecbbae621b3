import Metrics
import RedisClient

/// What operators see of the exchange between servers.
struct ExchangeMetrics: Sendable {
  let done = Counter(label: "patchbay_replica_exchanges_total", dimensions: [("result", "done")])
  private let lost = Counter(label: "patchbay_replica_exchanges_total", dimensions: [("result", "failed")])
  private let replicas = Gauge(label: "patchbay_replicas")
  private let isCurrent = Gauge(label: "patchbay_shared_limits_in_force")

  func failed(_ answer: Result<RESPValue, RedisError>) { lost.increment() }

  func show(_ list: ReplicaList?, isCurrent: Bool) {
    replicas.record(isCurrent ? list?.replicas.count { $0.isAlive } ?? 1 : 1)
    self.isCurrent.record(isCurrent ? 1 : 0)
  }
}
