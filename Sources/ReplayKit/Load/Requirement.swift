import YAMLReading

/// What a run has to keep: `turn p99 < 900ms`, `errors < 0.1%`.
///
/// A figure, a comparison (`<`, `<=`, `=`, `>=`, `>`) and a value. The figure is one of the report's JSON: a measure of
/// ``ReplayTally/Measure`` with `p` and a percentile (`p50`, `p99.9`), `mean`, `max` or `count`, a time with its unit
/// (`us`, `ms`, `s`); or a count, as a number or, where it is a part of something, in `%`.
public struct Requirement: Sendable, Equatable, CustomStringConvertible {
  /// How a measured value and the required one are compared.
  public enum Comparison: String, Sendable, CaseIterable {
    /// Below.
    case below = "<"
    /// At most.
    case atMost = "<="
    /// The same.
    case equal = "="
    /// At least.
    case atLeast = ">="
    /// Above.
    case above = ">"

    func holds(_ measured: Double, _ required: Double) -> Bool {
      switch self {
      case .below: measured < required
      case .atMost: measured <= required
      case .equal: measured == required
      case .atLeast: measured >= required
      case .above: measured > required
      }
    }
  }

  /// What of a distribution.
  enum Statistic: Sendable, Equatable {
    case percentile(Double)
    case mean
    case maximum
    case count
  }

  /// What is compared.
  enum Figure: Sendable, Equatable {
    case time(ReplayTally.Measure, Statistic)
    case count(CountedFigure, isShare: Bool)
    case wall
  }

  /// As it was written.
  public let description: String
  let figure: Figure
  let comparison: Comparison
  /// In milliseconds, %, or as a number.
  let value: Double

  /// What a run's figures come to, and whether that is enough. A figure that nothing was measured for is not.
  public func verdict(on tally: ReplayTally, wall: Duration) -> ReplayVerdict.Item {
    let measured = measured(tally, wall)
    return ReplayVerdict.Item(
      requirement: description, measured: measured.map { ($0 * 1000).rounded() / 1000 }, unit: unit,
      isKept: measured.map { comparison.holds($0, value) } ?? false)
  }

  /// Whether it is about errors.
  var isAboutErrors: Bool {
    guard case .count(let figure, _) = figure else { return false }
    if case .errors = figure { return true }
    return false
  }

  private var unit: String {
    switch figure {
    case .time(_, .count), .count(_, isShare: false): ""
    case .time, .wall: "ms"
    case .count(_, isShare: true): "%"
    }
  }

  private func measured(_ tally: ReplayTally, _ wall: Duration) -> Double? {
    switch figure {
    case .wall: return wall.inMilliseconds
    case .count(let count, isShare: false): return Double(count.value(of: tally))
    case .count(let count, isShare: true):
      guard let whole = count.whole(of: tally), whole > 0 else { return nil }
      return Double(count.value(of: tally)) / Double(whole) * 100
    case .time(let measure, let statistic):
      let times = tally.times[measure]
      if statistic == .count { return Double(times?.totalCount ?? 0) }
      guard let times, times.totalCount > 0 else { return nil }
      switch statistic {
      case .percentile(let percentile): return Double(times.valueAtPercentile(percentile)) / 1000
      case .mean: return times.mean / 1000
      case .maximum, .count: return Double(times.max) / 1000
      }
    }
  }
}

/// The figures of a tally that are counted.
enum CountedFigure: Sendable, Equatable {
  case calls, turns, framesSent, framesUnsent, lateFrames, turnsCutShort, textPrompts, callsLate, callsMissed,
    violations
  /// All, or those of one name.
  case errors(String?)
  case outcomes(String)

  /// Those that have no name within.
  static let plain: [(name: String, figure: CountedFigure)] = [
    ("errors", .errors(nil)), ("calls", .calls), ("turns", .turns), ("framesSent", .framesSent),
    ("framesUnsent", .framesUnsent), ("lateFrames", .lateFrames), ("turnsCutShort", .turnsCutShort),
    ("textPrompts", .textPrompts), ("callsLate", .callsLate), ("callsMissed", .callsMissed),
    ("violations", .violations),
  ]

  func value(of tally: ReplayTally) -> Int {
    switch self {
    case .calls: tally.calls
    case .turns: tally.turns
    case .framesSent: tally.framesSent
    case .framesUnsent: tally.framesUnsent
    case .lateFrames: tally.lateFrames
    case .turnsCutShort: tally.turnsCutShort
    case .textPrompts: tally.textPrompts
    case .callsLate: tally.callsLate
    case .callsMissed: tally.callsMissed
    case .violations: tally.violations.values.reduce(0, +)
    case .errors(nil): tally.errorCount
    case .errors(let name?): tally.errors[name] ?? 0
    case .outcomes(let name): tally.outcomes[name] ?? 0
    }
  }

  /// What it is a part of.
  func whole(of tally: ReplayTally) -> Int? {
    switch self {
    case .calls, .turns, .framesSent, .textPrompts, .violations: nil
    case .framesUnsent, .lateFrames: tally.framesSent + tally.framesUnsent
    case .turnsCutShort: tally.turns
    case .callsLate, .callsMissed: tally.calls + tally.callsMissed
    case .errors: tally.exchanges
    case .outcomes: tally.calls
    }
  }
}

/// A requirement that cannot be understood: what is wrong, and what may be said.
public struct RequirementError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was written.
  public var text: String
  /// What is wrong with it.
  public var problem: String
  /// What to write.
  public var remedy: String

  /// What is wrong and what to do, in one sentence.
  public var description: String { "\"\(text.quotedForMessage)\": \(problem); \(remedy)" }
}
