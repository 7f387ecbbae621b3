import Locking
import Metrics

/// How an agent's bot has been doing, over all calls: its circuit breaker with its metrics.
final class BotHealth: Sendable {
  private let breaker: Locked<CircuitBreaker>
  private let agent: String
  private let openings: Counter
  private let kept: Counter
  private let open: Meter

  init(agent: String, settings: CircuitBreaker.Settings) {
    self.agent = agent
    breaker = Locked(CircuitBreaker(settings))
    let dimensions = [("agent", agent)]
    openings = Counter(label: "patchbay_bot_breaker_openings_total", dimensions: dimensions)
    kept = Counter(label: "patchbay_bot_calls_kept_away_total", dimensions: dimensions)
    open = Meter(label: "patchbay_bot_breaker_open", dimensions: dimensions)
    open.set(0)
  }

  /// Whether a call may go to the bot.
  func admit(now: Duration) -> Bool {
    let isAdmitted = breaker.withLock { $0.admit(now: now) }
    if !isAdmitted { kept.increment() }
    return isAdmitted
  }

  /// The bot answered. True where that closed the breaker.
  @discardableResult
  func succeeded() -> Bool {
    let hasClosed = breaker.withLock { breaker in
      let wasOpen = breaker.isOpen
      breaker.succeeded()
      return wasOpen
    }
    if hasClosed { open.set(0) }
    return hasClosed
  }

  /// The bot failed. True where that opened the breaker.
  func failed(_ kind: String, now: Duration) -> Bool {
    Counter(label: "patchbay_bot_failures_total", dimensions: [("agent", agent), ("kind", kind)]).increment()
    let hasOpened = breaker.withLock { breaker in
      guard !breaker.isOpen else { return false }
      breaker.failed(now: now)
      return breaker.isOpen
    }
    guard hasOpened else { return false }
    openings.increment()
    open.set(1)
    return true
  }
}
