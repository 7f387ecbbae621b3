import Locking

/// The latest times from the end of a caller's turn to the bot's first answer, for the dashboard. Touched once a turn.
final class TurnLatencies: Sendable {
  private struct Ring {
    var values: [Double] = []
    var next = 0
    var count = 0
  }

  private static let capacity = 1024
  private let ring = Locked(Ring())

  /// In milliseconds.
  func record(_ value: Double) {
    ring.withLock { ring in
      ring.count += 1
      if ring.values.count < Self.capacity { return ring.values.append(value) }
      ring.values[ring.next] = value
      ring.next = (ring.next + 1) % Self.capacity
    }
  }

  /// How many there were, and percentiles of the latest in milliseconds; `nil` before the first.
  var summary: (count: Int, p50: Double, p90: Double, p99: Double)? {
    let (values, count) = ring.withLock { ($0.values, $0.count) }
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    func percentile(_ share: Double) -> Double { sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)] }
    return (count, percentile(0.5), percentile(0.9), percentile(0.99))
  }
}
