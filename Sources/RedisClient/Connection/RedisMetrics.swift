import Metrics

/// What operators see of the connection.
struct RedisMetrics: Sendable {
  let connected = Gauge(label: "patchbay_redis_connected")
  let connections = Counter(label: "patchbay_redis_connections_total")
  let late = Counter(label: "patchbay_redis_late_answers_total")
  let time = Timer(label: "patchbay_redis_command_seconds")
  private let answered = Self.commands("answered")
  private let refused = Self.commands("refused")
  private let timeout = Self.commands("timeout")
  private let full = Self.commands("full")
  private let unreachable = Self.commands("unreachable")
  private let lost = Self.commands("lost")

  func over(_ result: Result<RESPValue, RedisError>) {
    switch result {
    case .success: answered.increment()
    case .failure(.refused), .failure(.moved), .failure(.unexpected): refused.increment()
    case .failure(.timeout): timeout.increment()
    case .failure(.full): full.increment()
    case .failure(.unreachable), .failure(.closed): unreachable.increment()
    case .failure(.lost): lost.increment()
    }
  }

  /// Commands that were not sent.
  func refused(_ error: RedisError, _ count: Int) { for _ in 0..<count { over(.failure(error)) } }

  private static func commands(_ result: String) -> Counter {
    Counter(label: "patchbay_redis_commands_total", dimensions: [("result", result)])
  }
}
