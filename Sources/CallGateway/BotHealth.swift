import BotEngine
import Locking
import Metrics

/// What operators see of an agent's bot.
public struct BotCondition: Sendable {
  /// Calls are kept away from it.
  public internal(set) var isLeftAlone = false
  /// Calls that it failed since it answered one, as ``CircuitBreaker`` counts.
  public internal(set) var failuresInRow = 0
  /// Calls that it failed since the agent was configured.
  public internal(set) var failures = 0
  /// How it failed last, and when, on the monotonic clock.
  public internal(set) var lastFailure: (text: String, at: Duration)?
  /// When a call got its first answer last.
  public internal(set) var lastAnswer: Duration?
}

/// How an agent's bot has been doing, over all calls: its circuit breaker with its metrics.
final class BotHealth: Sendable {
  private struct State: Sendable {
    var breaker: CircuitBreaker
    var condition = BotCondition()
  }

  private let state: Locked<State>
  private let agent: String
  private let openings: Counter
  private let kept: Counter
  private let open: Meter

  init(agent: String, settings: CircuitBreaker.Settings) {
    self.agent = agent
    state = Locked(State(breaker: CircuitBreaker(settings)))
    let dimensions = [("agent", agent)]
    openings = Counter(label: "patchbay_bot_breaker_openings_total", dimensions: dimensions)
    kept = Counter(label: "patchbay_bot_calls_kept_away_total", dimensions: dimensions)
    open = Meter(label: "patchbay_bot_breaker_open", dimensions: dimensions)
    open.set(0)
    // At 0 before the first: a monitor sees a counter grow only if it has seen it before.
    for kind in BotFailure.Kind.allCases.map(\.rawValue) + ["error", "returned", "silent"] { _ = failures(kind) }
  }

  /// What operators see of it.
  var condition: BotCondition { state.withLock { $0.condition } }

  private func failures(_ kind: String) -> Counter {
    Counter(label: "patchbay_bot_failures_total", dimensions: [("agent", agent), ("kind", kind)])
  }

  /// Whether a call may go to the bot.
  func admit(now: Duration) -> Bool {
    let isAdmitted = state.withLock { $0.breaker.admit(now: now) }
    if !isAdmitted { kept.increment() }
    return isAdmitted
  }

  /// The bot answered in a call, so far. True where that closed the breaker.
  @discardableResult
  func succeeded(at stage: CircuitBreaker.Stage = .turns, now: Duration) -> Bool {
    let hasClosed = state.withLock { state in
      let wasOpen = state.breaker.isOpen
      state.breaker.succeeded(at: stage)
      state.condition.isLeftAlone = state.breaker.isOpen
      state.condition.failuresInRow = state.breaker.failuresInRow
      state.condition.lastAnswer = now
      return wasOpen && !state.breaker.isOpen
    }
    if hasClosed { open.set(0) }
    return hasClosed
  }

  /// The bot failed. True where that opened the breaker.
  ///
  /// - Parameters:
  ///   - kind: a metric's label.
  ///   - text: for operators; nothing that a caller said or a bot sent.
  ///   - stage: what it did not come to.
  func failed(_ kind: String, _ text: String, at stage: CircuitBreaker.Stage = .greeting, now: Duration) -> Bool {
    failures(kind).increment()
    let hasOpened = state.withLock { state in
      let wasOpen = state.breaker.isOpen
      state.breaker.failed(at: stage, now: now)
      state.condition.failures += 1
      state.condition.failuresInRow = state.breaker.failuresInRow
      state.condition.lastFailure = (text, now)
      state.condition.isLeftAlone = state.breaker.isOpen
      return state.breaker.isOpen && !wasOpen
    }
    guard hasOpened else { return false }
    openings.increment()
    open.set(1)
    return true
  }
}
