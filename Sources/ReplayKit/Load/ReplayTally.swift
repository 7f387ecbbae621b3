import Basics
public import Histogram

/// What was counted and measured over many calls. Times are in microseconds.
public struct ReplayTally: Sendable {
  /// Times up to ten minutes, to three digits.
  public typealias Times = Histogram<UInt64>

  /// What is timed.
  public enum Measure: String, Sendable, CaseIterable {
    /// From when a call was due to when it was begun, where calls arrive (an open loop).
    case callDelay
    /// From opening the call's first RPC, or from when it was due where calls arrive, to the server's headers:
    /// connecting, and the token.
    case connect
    /// From SESSION_START, or from when the call was due where calls arrive, to the first audio of the greeting, or to
    /// its FINAL where it has no audio.
    case greeting
    /// From the true start of speech to START_OF_INPUT.
    case startDelay
    /// From the true end of speech to END_OF_INPUT: the end silence is part of it.
    case endDelay
    /// From the true end of speech, the last key or the event to the first audio of the answer.
    case turnLatency
    /// From END_OF_INPUT to the first audio of the answer.
    case answerAfterEnd
    /// How late the caller itself was: the part of every other figure that is the measuring machine's.
    case pacingLag
  }

  /// Calls that were over.
  public var calls = 0
  /// Turns that were answered, greetings not counted.
  public var turns = 0
  /// Frames of 20 ms sent.
  public var framesSent = 0
  /// Frames that could not be sent because the server did not take them.
  public var framesUnsent = 0
  /// Frames that the caller itself sent 20 ms late or later.
  public var lateFrames = 0
  /// Calls that were begun more than ``lateness`` after they were due, and those of ``callsMissed``.
  public var callsLate = 0
  /// Calls that were due and never begun, as so many were up.
  public var callsMissed = 0
  /// Greetings that were given.
  public var greetings = 0
  /// Turns that the server ended before all speech was said.
  public var turnsCutShort = 0
  /// What went wrong, by gRPC status, or NO_ANSWER, INCOMPLETE, UNREADABLE, UNHEARD, NOT_COLLECTED, NOT_DONE (a step that
  /// the server's transfer or end came before) and NOT_AS_EXPECTED (an answer to a recorded call).
  public var errors: [String: Int] = [:]
  /// One failure of each kind in ``errors``, for advice.
  public var failures: [String: CallError] = [:]
  /// What was expected of answers, and how often it came.
  public internal(set) var expectations: [ExpectedAnswer.ID: ExpectationCount] = [:]
  /// Prompts that were text for the platform's own voice: how long they take is estimated.
  public var textPrompts = 0
  /// How calls ended: hungUp, ended, transferred, vanished, failed.
  public var outcomes: [String: Int] = [:]
  /// What the platform would not have taken, by its description.
  public var violations: [String: Int] = [:]
  /// The run over its time.
  var series = SeriesTally()
  /// The times.
  public private(set) var times: [Measure: Times] = [:]

  /// A call that is begun later than this is late.
  public static let lateness: Duration = .milliseconds(20)

  /// Nothing yet.
  public init() {}

  /// All errors.
  public var errorCount: Int { errors.values.reduce(0, +) }

  /// Greetings and turns that were given, and errors: what errors are a share of.
  public var exchanges: Int { greetings + turns + errorCount }

  /// Adds a time, of ten minutes at most; nothing where it is not known.
  public mutating func record(_ measure: Measure, _ time: Duration?) {
    guard let time else { return }
    let microseconds = UInt64(min(600_000_000, max(0, time.wholeMicroseconds)))
    times[measure, default: Self.empty].record(microseconds)
  }

  /// A call was begun, so long after it was due.
  mutating func begin(after delay: Duration) {
    record(.callDelay, delay)
    if delay > Self.lateness { callsLate += 1 }
  }

  /// A call was not begun in all the time since it was due.
  mutating func miss(after delay: Duration) {
    record(.callDelay, delay)
    callsLate += 1
    callsMissed += 1
  }

  /// Adds a call that is over.
  ///
  /// - Parameters:
  ///   - connected: from its begin to the server's headers.
  ///   - unsent: frames that the server did not take in time.
  ///   - delay: from when it was due to its begin.
  ///   - from: the time of the call from which on turns count.
  ///   - framesBefore: frames that were sent before.
  public mutating func add(
    _ caller: Caller, connected: Duration?, unsent: Int = 0, delay: Duration = .zero, from: Duration = .zero,
    framesBefore: Int = 0
  ) {
    calls += 1
    framesSent += caller.framesSent - framesBefore
    framesUnsent += unsent
    if from <= .zero { record(.connect, connected.map { $0 + delay }) }
    for turn in caller.turns where turn.began >= from {
      switch turn.result {
      case .answered:
        // A call that is handed over or ended without a word has been given no answer.
        if turn.ending != nil, turn.answerLength == .zero { continue }
        if turn.kind == .greeting {
          greetings += 1
          record(.greeting, turn.answerLatency.map { $0 + delay })
          continue
        }
        turns += 1
        record(.startDelay, turn.startDelay)
        record(.endDelay, turn.endDelay)
        record(.turnLatency, turn.answerLatency)
        record(.answerAfterEnd, turn.answerAfterEnd)
        if turn.unspoken > .zero { turnsCutShort += 1 }
      case .unheard: errors["UNHEARD", default: 0] += 1
      case .notCollected: errors["NOT_COLLECTED", default: 0] += 1
      case .failed, .open: break
      }
    }
    for violation in caller.violations { violations[violation.description, default: 0] += 1 }
    for broken in caller.brokenRPCs {
      errors[broken.name, default: 0] += 1
      if failures[broken.name] == nil { failures[broken.name] = broken }
    }
    textPrompts += caller.textPrompts
    guard let outcome = caller.outcome else { return }
    outcomes[outcome.name, default: 0] += 1
    switch outcome {
    case .failed(let failure):
      errors[failure.name, default: 0] += 1
      if failures[failure.name] == nil { failures[failure.name] = failure }
    case .transferred, .ended:
      // Where the steps begin anew for ever, there is always one that was not done.
      let undone = caller.settings.repeatsSteps ? 0 : caller.undoneSteps.count
      if undone > 0 { errors["NOT_DONE", default: 0] += undone }
    case .hungUp, .vanished: break
    }
  }

  /// Adds what another has counted.
  public mutating func add(_ other: ReplayTally) {
    calls += other.calls
    turns += other.turns
    framesSent += other.framesSent
    framesUnsent += other.framesUnsent
    lateFrames += other.lateFrames
    callsLate += other.callsLate
    callsMissed += other.callsMissed
    greetings += other.greetings
    turnsCutShort += other.turnsCutShort
    errors.merge(other.errors, uniquingKeysWith: +)
    failures.merge(other.failures) { first, _ in first }
    expectations.merge(other.expectations) { $0 + $1 }
    textPrompts += other.textPrompts
    outcomes.merge(other.outcomes, uniquingKeysWith: +)
    violations.merge(other.violations, uniquingKeysWith: +)
    series.add(other.series)
    for (measure, times) in other.times { add(times, as: measure) }
  }

  /// Adds times.
  public mutating func add(_ times: Times, as measure: Measure) {
    self.times[measure, default: Self.empty].add(times)
  }

  private static let empty = Times(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
}

extension CallOutcome {
  /// All of ``name``.
  static let names = ["hungUp", "ended", "transferred", "vanished", "failed"]

  /// For counting.
  public var name: String {
    switch self {
    case .hungUp: "hungUp"
    case .ended: "ended"
    case .transferred: "transferred"
    case .vanished: "vanished"
    case .failed: "failed"
    }
  }
}

extension CallError {
  /// For counting: the gRPC status, or what else went wrong.
  public var name: String {
    switch reason {
    case .status(let code, _): Self.statusName(code)
    case .noAnswer: "NO_ANSWER"
    case .completedWithoutAnswer, .notCompleted: "INCOMPLETE"
    case .unreadable: "UNREADABLE"
    }
  }
}
