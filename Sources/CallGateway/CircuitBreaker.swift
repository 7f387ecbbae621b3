/// Keeps calls away from a bot that fails: after so many failures in a row, or within a window, it is no longer asked,
/// but for one call every now and then that tries whether it is back.
///
/// Failures in a row count whatever the time between them: at night a bot that is down has few callers, and each of them
/// would wait for it. Those within the window count whatever succeeds between them.
///
/// A pure value with the time as a parameter.
public struct CircuitBreaker: Sendable, Equatable {
  /// When it opens and how it tries.
  public struct Settings: Sendable, Equatable {
    /// Failures in a row, or within the window, that open it, at least 1.
    public var failures: Int
    /// The window.
    public var window: Duration
    /// Time between calls that try again while it is open.
    public var probe: Duration

    /// Settings; the defaults are the product's.
    public init(failures: Int = 5, window: Duration = .seconds(10), probe: Duration = .seconds(5)) {
      self.failures = max(failures, 1)
      self.window = window
      self.probe = probe
    }
  }

  private enum State: Equatable {
    /// The times of the latest failures, oldest first, and how many there were since the last success; fewer than would
    /// open it.
    case closed(failures: [Duration], inRow: Int)
    case open(nextProbe: Duration)
  }

  private let settings: Settings
  private var state = State.closed(failures: [], inRow: 0)

  /// A closed breaker.
  public init(_ settings: Settings = Settings()) { self.settings = settings }

  /// Whether calls are kept away.
  public var isOpen: Bool { if case .open = state { true } else { false } }

  /// Whether a call may go to the bot. While it is open, one call may each probe time.
  public mutating func admit(now: Duration) -> Bool {
    guard case .open(let nextProbe) = state else { return true }
    guard now >= nextProbe else { return false }
    state = .open(nextProbe: now + settings.probe)
    return true
  }

  /// The bot answered a call.
  public mutating func succeeded() {
    switch state {
    case .open: state = .closed(failures: [], inRow: 0)
    case .closed(_, inRow: 0): break
    case .closed(let failures, _): state = .closed(failures: failures, inRow: 0)
    }
  }

  /// The bot failed a call.
  public mutating func failed(now: Duration) {
    guard case .closed(var failures, let before) = state else { return }
    failures.removeAll { $0 <= now - settings.window }
    failures.append(now)
    let inRow = before + 1
    state =
      max(failures.count, inRow) < settings.failures
      ? .closed(failures: failures, inRow: inRow) : .open(nextProbe: now + settings.probe)
  }
}
