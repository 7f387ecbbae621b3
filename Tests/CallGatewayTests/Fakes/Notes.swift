import Locking
import Logging
import Metrics
import MetricsTestKit

/// Runs a test whose metrics can be read.
func metered(_ body: (TestMetrics) throws -> Void) throws {
  let metrics = TestMetrics()
  try metered(metrics) { try body(metrics) }
}

/// Makes something that tells its metrics there.
func metered<Result>(_ metrics: TestMetrics, _ make: () throws -> Result) rethrows -> Result {
  try withMetricsFactory(metrics) { try make() }
}

extension TestMetrics {
  /// What a counter has counted, over all its labels or those named.
  func total(_ label: String, _ dimensions: [(String, String)]? = nil) -> Int64 {
    dimensions.map { counterTotal(label: label, dimensions: $0) } ?? counterTotal(label: label)
  }
  /// Where a meter stands.
  func level(_ label: String, _ dimensions: [(String, String)] = []) -> Double? {
    meters(label: label, dimensions: dimensions).first?.lastValue
  }
}

/// A log that keeps its lines: message and metadata.
final class NotedLog: Sendable {
  private let kept = Locked<[(message: String, metadata: Logger.Metadata)]>([])

  var lines: [(message: String, metadata: Logger.Metadata)] { kept.withLock { $0 } }
  var messages: [String] { lines.map(\.message) }
  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: NotedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { $1 }
      log.kept.withLock { $0.append(("\(event.message)", all)) }
    }
  }
}
