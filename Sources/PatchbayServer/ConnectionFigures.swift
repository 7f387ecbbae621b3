import GRPCTransport
import Metrics

/// The gRPC port's connections as metrics.
struct ConnectionFigures {
  private let open = Meter(label: "patchbay_connections")
  private var refused: [String: (counter: Counter, before: Int)] = [:]
  private var closed: [String: (counter: Counter, before: Int)] = [:]

  init() {
    for (reason, _) in CoreGuard.refusals {
      refused[reason] = (Counter(label: "patchbay_connections_refused_total", dimensions: [("reason", reason)]), 0)
    }
    for (reason, _) in CoreGuard.closures {
      closed[reason] = (Counter(label: "patchbay_connections_closed_total", dimensions: [("reason", reason)]), 0)
    }
  }

  /// Brings the metrics up to date.
  mutating func record() {
    open.set(CoreGuard.openConnections)
    Self.record(CoreGuard.refusals, in: &refused)
    Self.record(CoreGuard.closures, in: &closed)
  }

  private static func record(
    _ now: [(reason: String, count: Int)], in figures: inout [String: (counter: Counter, before: Int)]
  ) {
    for (reason, count) in now {
      guard let figure = figures[reason] else { continue }
      figure.counter.increment(by: max(0, count - figure.before))
      figures[reason] = (figure.counter, count)
    }
  }
}
