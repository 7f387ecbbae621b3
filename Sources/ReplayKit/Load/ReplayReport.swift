import Histogram

/// What a run came to, as `patchbay replay --json` writes it: one object.
///
/// ```json
/// {"calls": 400, "turns": 4805, "framesSent": 1200345, "framesUnsent": 0, "lateFrames": 0,
///  "turnsCutShort": 0, "callsLate": 0, "callsMissed": 0,
///  "errors": {"UNAVAILABLE": 1}, "outcomes": {"hungUp": 399, "failed": 1}, "violations": {},
///  "textPrompts": 0, "wallSeconds": 71.3,
///  "connect": {"count": 400, "mean": 1.2, "p50": 1.1, "p90": 1.9, "p99": 4.0, "max": 9.8},
///  "greeting": {…}, "startDelay": {…}, "endDelay": {…}, "turnLatency": {…}, "answerAfterEnd": {…}, "pacingLag": {…}}
/// ```
///
/// With `verdict` and the requirements; calls that arrive have `callsLate`, `callsMissed` and `callDelay`, a search for
/// capacity has `capacity`. All times are in milliseconds; ``ReplayTally/Measure`` says from when to when. A measure that nothing was recorded
/// for is absent.
public struct ReplayReport: Sendable, Codable, Equatable {
  /// A distribution of times, in milliseconds.
  public struct Times: Sendable, Codable, Equatable {
    /// How many were measured.
    public var count: Int
    /// The mean.
    public var mean: Double
    /// Half of them took at most this long.
    public var p50: Double
    /// Nine tenths of them took at most this long.
    public var p90: Double
    /// 99 of 100 took at most this long.
    public var p99: Double
    /// The longest.
    public var max: Double

    init?(_ times: ReplayTally.Times?) {
      guard let times, times.totalCount > 0 else { return nil }
      let milliseconds = { (percentile: Double) in Double(times.valueAtPercentile(percentile)) / 1000 }
      count = Int(clamping: times.totalCount)
      mean = (times.mean / 10).rounded() / 100
      p50 = milliseconds(50)
      p90 = milliseconds(90)
      p99 = milliseconds(99)
      max = Double(times.max) / 1000
    }
  }

  /// Calls that were made.
  public var calls: Int
  /// Turns that were answered, greetings not counted.
  public var turns: Int
  /// Frames of 20 ms sent.
  public var framesSent: Int
  /// Frames that the server did not take in time.
  public var framesUnsent: Int
  /// ``ReplayTally/lateFrames``
  public var lateFrames: Int
  /// ``ReplayTally/callsLate``
  public var callsLate: Int
  /// ``ReplayTally/callsMissed``
  public var callsMissed: Int
  /// Turns that the server ended before all speech was said.
  public var turnsCutShort: Int
  /// What went wrong, by gRPC status or ``ReplayTally/errors``.
  public var errors: [String: Int]
  /// How calls ended.
  public var outcomes: [String: Int]
  /// What the platform would not have taken.
  public var violations: [String: Int]
  /// Prompts that were text for the platform's own voice.
  public var textPrompts: Int
  /// From the first call to the end of the last, in seconds.
  public var wallSeconds: Double
  /// Whether what was required was kept.
  public var verdict: ReplayVerdict?
  /// Which run it was.
  public var about: About?
  /// What recorded calls expected of answers.
  public var expectations: [Expectation]?
  /// The run over its time; in `summary.json` only.
  public var series: ReplaySeries?
  /// Of each measure, milliseconds at nines: 0 is the shortest, 1 is 90 %, 2 is 99 %; in `summary.json` only.
  public var distributions: [String: [[Double]]]?
  /// One failure of each kind of error, in words; in `summary.json` only.
  public var examples: [String: String]?
  /// The search whose best load these figures are of.
  public var capacity: CapacityReport?
  /// ``ReplayTally/Measure/callDelay``
  public var callDelay: Times?
  /// ``ReplayTally/Measure/connect``
  public var connect: Times?
  /// ``ReplayTally/Measure/greeting``
  public var greeting: Times?
  /// ``ReplayTally/Measure/startDelay``
  public var startDelay: Times?
  /// ``ReplayTally/Measure/endDelay``
  public var endDelay: Times?
  /// ``ReplayTally/Measure/turnLatency``
  public var turnLatency: Times?
  /// ``ReplayTally/Measure/answerAfterEnd``
  public var answerAfterEnd: Times?
  /// ``ReplayTally/Measure/pacingLag``
  public var pacingLag: Times?

  /// A report of what was counted.
  public init(_ tally: ReplayTally, wall: Duration) {
    calls = tally.calls
    turns = tally.turns
    framesSent = tally.framesSent
    framesUnsent = tally.framesUnsent
    lateFrames = tally.lateFrames
    callsLate = tally.callsLate
    callsMissed = tally.callsMissed
    turnsCutShort = tally.turnsCutShort
    errors = tally.errors
    outcomes = tally.outcomes
    violations = tally.violations
    textPrompts = tally.textPrompts
    wallSeconds = (wall.inSeconds * 1000).rounded() / 1000
    callDelay = Times(tally.times[.callDelay])
    connect = Times(tally.times[.connect])
    greeting = Times(tally.times[.greeting])
    startDelay = Times(tally.times[.startDelay])
    endDelay = Times(tally.times[.endDelay])
    turnLatency = Times(tally.times[.turnLatency])
    answerAfterEnd = Times(tally.times[.answerAfterEnd])
    pacingLag = Times(tally.times[.pacingLag])
    let expected = tally.expectations.sorted { $0.key < $1.key }.map { id, count in
      Expectation(
        call: id.call, turn: id.turn, expected: id.text, kept: count.kept, failed: count.failed, seen: count.seen)
    }
    expectations = expected.isEmpty ? nil : expected
  }

  /// The measures that something was recorded for.
  public var measures: [(name: String, times: Times)] {
    [
      ("call delay", callDelay), ("connect", connect), ("greeting", greeting), ("start delay", startDelay),
      ("end delay", endDelay),
      ("turn latency", turnLatency), ("answer after end", answerAfterEnd), ("pacing lag", pacingLag),
    ].compactMap { name, times in times.map { (name, $0) } }
  }
}
