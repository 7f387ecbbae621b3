/// What a test found out about a bot.
public struct BotTestReport: Sendable, Codable, Equatable {
  /// Whether a bot does what a check asks of it.
  public enum Verdict: String, Sendable, Codable {
    /// It does.
    case passed
    /// It does not.
    case failed
    /// It cannot be told of this bot, or not with this plan.
    case notApplicable = "not applicable"
  }

  /// What one check found.
  public struct Finding: Sendable, Codable, Equatable {
    /// The check's name: greeting, turn, barge-in, digits, no-input, sensitive, transfer, end, bot closes, caller hangs
    /// up or wire.
    public var check: String
    /// Passed, failed or not applicable.
    public var verdict: Verdict
    /// What a good bot does.
    public var expected: String
    /// What this one did.
    public var seen: String
    /// What to change, or how to make the check applicable.
    public var advice: String?
    /// Measured times in milliseconds, by name.
    public var figures: [String: Double] = [:]
  }

  /// The findings, in the order of the checks.
  public var findings: [Finding]

  /// Whether no check failed.
  public var hasPassed: Bool { !findings.contains { $0.verdict == .failed } }

  /// How many checks came out so.
  public func count(_ verdict: Verdict) -> Int { findings.count { $0.verdict == verdict } }

  /// The report for a person: a line for each check, and for each that failed what was expected, seen, and to change.
  public var text: String {
    let width = findings.map(\.check.count).max() ?? 0
    var lines: [String] = []
    for finding in findings {
      let name = finding.check + String(repeating: " ", count: width - finding.check.count)
      switch finding.verdict {
      case .passed:
        lines.append("\(name)  passed  \(finding.seen)")
        if let advice = finding.advice { lines.append("    better:   \(advice)") }
      case .failed:
        lines.append("\(name)  FAILED")
        lines.append("    expected: \(finding.expected)")
        lines.append("    seen:     \(finding.seen)")
        if let advice = finding.advice { lines.append("    change:   \(advice)") }
      case .notApplicable:
        lines.append("\(name)  n/a     \(finding.seen)")
        if let advice = finding.advice { lines.append("    to check: \(advice)") }
      }
    }
    lines.append(
      "\(count(.passed)) passed, \(count(.failed)) failed, \(count(.notApplicable)) not applicable")
    return lines.joined(separator: "\n")
  }
}
