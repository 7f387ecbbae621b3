/// Whether a server keeps a rule.
public enum RuleVerdict: String, Sendable, Codable {
  /// It does, in all cases.
  case passed
  /// It does not, in one case at least.
  case failed
  /// It could not be judged.
  case skipped
}

/// What conformance found out about a server.
public struct ConformanceReport: Sendable, Codable, Equatable {
  /// One rule.
  public struct Finding: Sendable, Codable, Equatable {
    /// The rule.
    public var rule: Rule
    /// What came of it.
    public var verdict: RuleVerdict
    /// The cases that judged it; where it failed, those in which it did.
    public var cases: [String]
    /// What was seen, or why it was skipped.
    public var seen: String
    /// The messages that show it: time, who, what.
    public var evidence: [String]
  }

  /// The server's address.
  public var target: String
  /// The findings, in the order of ``Rule/all``; after them those of scenarios.
  public var findings: [Finding]

  /// Whether no rule failed, and at least one was judged.
  public var hasPassed: Bool { count(.failed) == 0 && count(.passed) > 0 }

  /// How many rules came out so.
  public func count(_ verdict: RuleVerdict) -> Int { findings.count { $0.verdict == verdict } }

  /// What failed, the gravest first.
  public var toMend: [Finding] {
    Rule.Severity.allCases.flatMap { severity in
      findings.filter { $0.verdict == .failed && $0.rule.severity == severity }
    }
  }

  /// - Parameter judgements: by the name of their case.
  package init(target: String, rules: [Rule] = Rule.all, _ judgements: [(name: String, judgement: Judgement)]) {
    self.target = target
    findings = rules.map { rule in
      let all = judgements.filter { $0.judgement.rule == rule.id }
      for verdict in [RuleVerdict.failed, .passed, .skipped] {
        let found = all.filter { $0.judgement.verdict == verdict }
        guard let first = found.first else { continue }
        return Finding(
          rule: rule, verdict: verdict, cases: found.map(\.name), seen: first.judgement.seen,
          evidence: first.judgement.evidence)
      }
      return Finding(
        rule: rule, verdict: .skipped, cases: [], seen: "No case came to it: the server or the cases chosen did not.",
        evidence: [])
    }
  }
}
