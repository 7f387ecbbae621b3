public import Basics

/// The search for the highest load that keeps requirements, as `patchbay replay --find-capacity --json` writes it.
public struct CapacityReport: Sendable, Codable, Equatable {
  /// What ended the search, or bounds what it found.
  public enum Limit: String, Sendable, Codable {
    /// More than ``CapacityReport/highest`` did not keep the requirements.
    case requirements
    /// At more than ``CapacityReport/highest`` the caller itself was too slow: the server may take more.
    case replayer
    /// The time for the search was over.
    case time
    /// The highest load that is tried was kept.
    case most
    /// The search was interrupted.
    case interrupted
  }

  /// One load that was tried.
  public struct Step: Sendable, Codable, Equatable {
    /// Calls at once, or calls that were begun a second.
    public var level: Double
    /// Whether all was kept and the caller itself was fast enough.
    public var isKept: Bool
    /// Whether the caller itself was too slow for the figures to say something of the server.
    public var isReplayerLate: Bool
    /// The requirements and what was measured.
    public var verdict: ReplayVerdict
    /// The figures.
    public var report: ReplayReport

    enum CodingKeys: String, CodingKey {
      case level, verdict, report
      case isKept = "kept"
      case isReplayerLate = "replayerLate"
    }
  }

  /// `calls`, or `calls a second`.
  public var unit: String
  /// The highest load that was kept; `nil` where none was.
  public var highest: Double?
  /// The lowest load that was not kept; `nil` where all were.
  public var lowestBroken: Double?
  /// What bounds it.
  public var limitedBy: Limit
  /// The loads that were tried, in order.
  public var steps: [Step]
}

/// Finds the highest load that keeps requirements, by runs.
public struct CapacityFinder: Sendable {
  /// What a run came to.
  public typealias Trial = (tally: ReplayTally, wall: Duration)

  /// The levels to try.
  public var search: CapacitySearch
  /// `calls`, or `calls a second`.
  public var unit: String
  /// What has to be kept.
  public var requirements: [Requirement]
  /// Errors that are a success, where no requirement is about errors.
  public var allowedErrors: Int
  /// How long a run takes at most, about.
  public var stepTime: Duration
  /// No run is begun that would go on for longer than this after the first one.
  public var limit: Duration

  /// A finder.
  public init(
    _ search: CapacitySearch, unit: String, requirements: [Requirement], allowedErrors: Int, stepTime: Duration,
    limit: Duration
  ) {
    self.search = search
    self.unit = unit
    self.requirements = requirements
    self.allowedErrors = allowedErrors
    self.stepTime = stepTime
    self.limit = limit
  }

  /// Tries one level after the other.
  ///
  /// - Parameters:
  ///   - clock: the time, for the limit.
  ///   - trial: makes a run at a level; `nil` ends the search.
  ///   - onStep: told of each level that was tried.
  public func find(
    clock: () -> Duration = { MonotonicClock.now() }, trial: (Double) async throws -> Trial?,
    onStep: (CapacityReport.Step) -> Void
  ) async rethrows -> (report: CapacityReport, best: Trial?) {
    var search = search
    var report = CapacityReport(unit: unit, limitedBy: .requirements, steps: [])
    var best: Trial?
    let begin = clock()
    var isOver = false
    while let level = search.next {
      if !report.steps.isEmpty, clock() - begin + stepTime > limit {
        report.limitedBy = .time
        isOver = true
        break
      }
      guard let run = try await trial(level) else {
        report.limitedBy = .interrupted
        isOver = true
        break
      }
      let verdict = ReplayVerdict(requirements, allowedErrors: allowedErrors, on: run.tally, wall: run.wall)
      let isLate = run.tally.isReplayerLate
      let step = CapacityReport.Step(
        level: level, isKept: verdict.isPassed && !isLate, isReplayerLate: isLate, verdict: verdict,
        report: ReplayReport(run.tally, wall: run.wall))
      report.steps.append(step)
      onStep(step)
      if step.isKept, level > search.kept ?? 0 { best = run }
      search.add(level, isKept: step.isKept)
    }
    report.highest = search.kept
    report.lowestBroken = search.broken
    if !isOver {
      let broken = report.steps.first { $0.level == search.broken }
      report.limitedBy = broken.map { $0.isReplayerLate ? .replayer : .requirements } ?? .most
    }
    return (report, best)
  }
}

extension ReplayTally {
  /// Whether the caller itself was so late that the figures say as much of its own machine as of the server: over 1 % of
  /// the frames left 20 ms late or later, and over 50, a second of one call.
  public var isReplayerLate: Bool { lateFrames > max(50, framesSent / 100) }
}

extension CapacityReport.Step {
  /// The step in a line for a terminal.
  public func line(_ unit: String) -> String {
    let figures = verdict.requirements.map { item in
      "\(item.requirement): \(item.measuredText)\(item.isKept ? "" : " (not kept)")"
    }
    let late = isReplayerLate ? ["the replayer itself was too slow: \(report.lateFrames) late frames"] : []
    return "\(level.asLevel.padded(left: 8)) \(unit)  \(isKept ? "kept    " : "not kept")  "
      + (figures + late).joined(separator: "; ")
  }
}

extension CapacityReport {
  /// What was found, in a line for a terminal.
  public var summary: String {
    guard let highest else {
      return "No load kept the requirements; the lowest that was tried is \(lowestBroken?.asLevel ?? "0") \(unit)."
    }
    let found = "Capacity: \(highest.asLevel) \(unit)"
    switch limitedBy {
    case .requirements: return "\(found); \(lowestBroken?.asLevel ?? "more") \(unit) did not keep the requirements."
    case .replayer:
      return "\(found) at least: at \(lowestBroken?.asLevel ?? "more") the replayer itself was too slow. Give it more "
        + "--loops, or a machine of its own."
    case .time: return "\(found) at least: the time for the search was over; --within gives it more."
    case .most: return "\(found) at least: no higher load is tried."
    case .interrupted: return "\(found) at least: the search was interrupted."
    }
  }
}

extension Double {
  /// A level as it is written.
  var asLevel: String { self == rounded() && magnitude < 1e12 ? "\(Int(self))" : "\((self * 100).rounded() / 100)" }
}
