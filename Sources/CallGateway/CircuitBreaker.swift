/// Keeps calls away from a bot that fails: after so many failures in a row, or within a window, it is no longer asked,
/// but for one call every now and then that tries whether it is back.
///
/// Failures in a row count whatever the time between them: at night a bot that is down has few callers, and each of them
/// would wait for it. Those within the window count whatever succeeds between them.
///
/// A bot that greets and then fails is no less down than one that says nothing: a greeting makes up only for calls that got
/// none, an answer to a caller for all.
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

  /// How far a bot gets in a call.
  public enum Stage: Sendable {
    /// Its first words.
    case greeting
    /// What it says to a caller who has said or keyed something, or that it ends or transfers the call.
    case turns
  }

  private enum State: Equatable {
    /// The times of the latest failures, oldest first; fewer than would open it.
    case closed(failures: [Duration])
    /// Since a bot failed at this stage.
    case open(nextProbe: Duration, at: Stage)
  }

  private let settings: Settings
  private var state = State.closed(failures: [])
  /// Failures since the last success that makes up for them.
  private var withoutGreeting = 0
  private var afterGreeting = 0

  /// A closed breaker.
  public init(_ settings: Settings = Settings()) { self.settings = settings }

  /// How many calls in a row failed.
  public var failuresInRow: Int { withoutGreeting + afterGreeting }

  /// Whether calls are kept away.
  public var isOpen: Bool { if case .open = state { true } else { false } }

  /// Whether a call may go to the bot. While it is open, one call may each probe time.
  public mutating func admit(now: Duration) -> Bool {
    guard case .open(let nextProbe, let stage) = state else { return true }
    guard now >= nextProbe else { return false }
    state = .open(nextProbe: now + settings.probe, at: stage)
    return true
  }

  /// The bot got this far in a call. What opened the breaker at that stage, or before it, is over.
  public mutating func succeeded(at stage: Stage = .turns) {
    withoutGreeting = 0
    if stage == .turns { afterGreeting = 0 }
    if case .open(_, let opened) = state, opened == .greeting || stage == .turns { state = .closed(failures: []) }
  }

  /// The bot failed a call.
  ///
  /// - Parameter stage: what it did not come to.
  public mutating func failed(at stage: Stage = .greeting, now: Duration) {
    switch stage {
    case .greeting: withoutGreeting += 1
    case .turns: afterGreeting += 1
    }
    guard case .closed(var failures) = state else { return }
    failures.removeAll { $0 <= now - settings.window }
    failures.append(now)
    state =
      max(failures.count, failuresInRow) < settings.failures
      ? .closed(failures: failures) : .open(nextProbe: now + settings.probe, at: stage)
  }
}
