import Basics
public import YAMLReading

/// The load over a run's time, from a YAML file:
///
/// ```yaml
/// stages:
///   - rate: 5          # calls that are begun a second; or `calls: 50`, calls at once
///     ramp: 30s        # from the level before, evenly
///     duration: 2m     # and then held
///   - rate: 20
///     ramp: 4m
///     steps: 4         # in four equal steps instead
///     duration: 5m
/// ```
///
/// All stages have either `rate` or `calls`; `ramp`, `steps` and `duration` may be left out.
public struct LoadProfile: Sendable, Equatable {
  /// Whether the levels are calls that are begun a second; or else they are calls at once.
  public var isRate: Bool
  /// The stages; at least one, with a level and a time above 0 somewhere.
  public var stages: [LoadStage]

  /// The largest file.
  public static let maximumBytes = 65_536
  /// The most stages.
  public static let maximumStages = 100
  /// The most steps of a ramp.
  public static let maximumSteps = 100
  /// The highest rate, in calls a second.
  public static let maximumRate = 10_000.0
  /// The most calls at once.
  public static let maximumCalls = 100_000
  /// The longest ramp and duration, and the longest run.
  public static let longest: Duration = .seconds(604_800)

  /// Reads a file. Everything that is wrong is told with its line.
  public init(file: String) throws(ConfigurationError) {
    let bytes = try ConfigurationError.read(
      file, maximum: Self.maximumBytes, allowsPipes: true, name: "the profile",
      write: "write the path of a YAML file with `stages:`")
    try self.init(text: bytes, file: file)
  }

  /// Reads a text as if it were in a file of this path.
  init(text: [UInt8], file: String) throws(ConfigurationError) {
    let report = YAMLReport()
    let write = "`stages:` and stages beneath it"
    (isRate, stages) = try report.read(text, of: file, name: "the profile", write: write) { profile in
      let stages = Self.stages(profile, report)
      profile.finish()
      return stages.first.map { ($0.isRate, stages.map(\.stage)) }
    }
  }

  private static func stages(_ profile: YAMLGroup, _ report: YAMLReport) -> [(stage: LoadStage, isRate: Bool)] {
    let write = "write a list of stages, as in `- rate: 5` and `duration: 60s` beneath it"
    guard let node = profile.node("stages"), case .sequence(let items) = node.content, !items.isEmpty else {
      report.report(profile.place(of: "stages"), "`stages` has to be a list with at least one stage", write)
      return []
    }
    guard items.count <= maximumStages else {
      report.report(node.place, "`stages` has \(items.count) entries", "keep at most \(maximumStages)")
      return []
    }
    var stages: [(stage: LoadStage, isRate: Bool)] = []
    for (index, item) in items.enumerated() {
      let group = YAMLGroup(
        item, name: "stage \(index + 1)", write: "`rate` or `calls`, and `duration`", reading: report)
      guard let stage = stage(group, report) else { continue }
      if let first = stages.first, first.isRate != stage.isRate {
        report.report(
          group.place, "\(group.name) has `\(stage.isRate ? "rate" : "calls")` and stage 1 has the other",
          "write `rate` in all stages, or `calls` in all")
      }
      stages.append(stage)
    }
    guard report.problems.isEmpty else { return stages }
    let length = stages.reduce(Duration.zero) { $0 + $1.stage.ramp + $1.stage.duration }
    if length == .zero || stages.allSatisfy({ $0.stage.level == 0 }) {
      report.report(node.place, "the stages make no call", "write a `duration` and a level above 0")
    } else if length > longest {
      report.report(node.place, "the stages are over seven days long", "write shorter times")
    }
    return stages
  }

  private static func stage(_ group: YAMLGroup, _ report: YAMLReport) -> (stage: LoadStage, isRate: Bool)? {
    let week = 0...longest.wholeMilliseconds
    let hasRate = group.has("rate")
    let rate = group.number("rate", in: 0...maximumRate)
    let calls = group.integer("calls", in: 0...maximumCalls)
    let ramp = group.milliseconds("ramp", in: week) ?? 0
    let steps = group.integer("steps", in: 1...maximumSteps)
    let duration = group.milliseconds("duration", in: week) ?? 0
    group.finish()
    guard hasRate != group.has("calls") else {
      report.report(
        group.place, "\(group.name) has \(hasRate ? "both `rate` and `calls`" : "neither `rate` nor `calls`")",
        "write `rate` (calls that are begun a second) or `calls` (calls at once)")
      return nil
    }
    if steps != nil, ramp == 0 {
      report.report(
        group.place(of: "steps"), "\(group.name) has `steps` without a `ramp`", "write the time of all steps as `ramp`")
    }
    guard let level = rate ?? calls.map(Double.init) else { return nil }
    return (
      LoadStage(level: level, ramp: .milliseconds(ramp), steps: steps, duration: .milliseconds(duration)), hasRate
    )
  }
}
