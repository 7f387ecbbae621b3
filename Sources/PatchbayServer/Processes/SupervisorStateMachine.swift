/// Keeps a number of processes running: starts them, starts those again that end, and ends them all in order.
///
/// A pure value: what happens and a clock come in, what is to be done goes out.
struct SupervisorStateMachine: Sendable {
  /// What is to be done.
  enum Action: Sendable, Equatable {
    /// Start this one.
    case start(Int)
    /// Tell this one.
    case tell(Int, ProcessOrder)
    /// End this one at once: it stands still.
    case kill(Int)
    /// All are there for the first time.
    case announce
    /// All are gone: exit with this code.
    case exit(Int32)
  }

  /// How a process is, as it says itself.
  struct Look: Sendable, Equatable {
    /// Whether it accepts calls.
    var isReady: Bool
    /// Whether it is still starting.
    var isStarting: Bool
    /// How long it has said nothing.
    var silence: Duration
  }

  private enum Phase: Equatable {
    case running(since: Duration)
    case waiting(until: Duration)
    case over
  }

  private struct Process {
    var phase = Phase.over
    /// Ends in a row, each soon after the start.
    var failures = 0
    var isKilled = false
  }

  /// The wait before the first new start, doubled each time up to ``longestWait``.
  static let firstWait = Duration.milliseconds(100)
  /// The longest wait before a new start.
  static let longestWait = Duration.seconds(30)
  /// Who has run for longer than this begins anew with the waits.
  static let longRun = Duration.seconds(60)
  /// Who says nothing for this long stands still.
  static let longestSilence = Duration.seconds(30)
  /// The same for one that has not started yet.
  static let longestStart = Duration.seconds(120)

  private var processes: [Process]
  private var isAnnounced = false
  private var exitCode: Int32 = 0
  /// Whether all are to end.
  private(set) var isEnding = false

  /// A number of processes, of which none runs.
  init(count: Int) { processes = Array(repeating: Process(), count: count) }

  /// Starts all.
  mutating func begin(now: Duration) -> [Action] {
    processes.indices.map { index in
      processes[index].phase = .running(since: now)
      return .start(index)
    }
  }

  /// When a process that waits is started again, as it is now.
  func waits(_ index: Int) -> Duration? {
    if case .waiting(let until) = processes[index].phase { until } else { nil }
  }

  /// A process has ended, or could not be started.
  ///
  /// - Parameter code: its exit code; 1 where a signal has ended it.
  mutating func ended(_ index: Int, code: Int32, now: Duration) -> [Action] {
    guard case .running(let since) = processes[index].phase else { return [] }
    processes[index].isKilled = false
    if isEnding {
      processes[index].phase = .over
      if exitCode == 0 { exitCode = code }
      return exitIfOver()
    }
    // What cannot start at all is the operator's to mend.
    if !isAnnounced, code != 0 {
      processes[index].phase = .over
      exitCode = code
      return end(.drain) + end(.hurry) + exitIfOver()
    }
    if code == 0 || now - since >= Self.longRun { processes[index].failures = 0 }
    if code != 0 { processes[index].failures += 1 }
    processes[index].phase = .waiting(until: now + Self.wait(after: processes[index].failures))
    return []
  }

  private static func wait(after failures: Int) -> Duration {
    guard failures > 0 else { return .zero }
    return min(longestWait, firstWait * (1 << min(failures - 1, 16)))
  }

  /// Time has passed; `looks` has every process.
  mutating func look(_ looks: [Look], now: Duration) -> [Action] {
    var actions: [Action] = []
    for (index, look) in zip(processes.indices, looks) {
      switch processes[index].phase {
      case .waiting(let until) where until <= now:
        processes[index].phase = .running(since: now)
        actions.append(.start(index))
      case .running(let since):
        let limit = look.isStarting ? Self.longestStart : Self.longestSilence
        guard !processes[index].isKilled, min(look.silence, now - since) > limit else { continue }
        processes[index].isKilled = true
        actions.append(.kill(index))
      default: break
      }
    }
    if !isAnnounced, !isEnding, looks.allSatisfy(\.isReady) {
      isAnnounced = true
      actions.append(.announce)
    }
    return actions
  }

  /// The operator has asked for something.
  mutating func ordered(_ order: ProcessOrder) -> [Action] {
    switch order {
    case .reload: return isEnding ? [] : tellAll(.reload)
    case .drain where isEnding: return []
    case .drain: return end(.drain) + exitIfOver()
    case .hurry: return (isEnding ? [] : end(.drain)) + end(.hurry) + exitIfOver()
    }
  }

  private mutating func end(_ order: ProcessOrder) -> [Action] {
    isEnding = true
    for index in processes.indices {
      if case .waiting = processes[index].phase { processes[index].phase = .over }
    }
    return tellAll(order)
  }

  private func tellAll(_ order: ProcessOrder) -> [Action] {
    processes.indices.compactMap { index in
      if case .running = processes[index].phase { .tell(index, order) } else { nil }
    }
  }

  private func exitIfOver() -> [Action] {
    processes.allSatisfy { $0.phase == .over } ? [.exit(exitCode)] : []
  }
}
