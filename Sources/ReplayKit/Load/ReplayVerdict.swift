/// Whether a run kept what was required of it.
public struct ReplayVerdict: Sendable, Codable, Equatable {
  /// One requirement.
  public struct Item: Sendable, Codable, Equatable {
    /// As it was written.
    public var requirement: String
    /// What was measured, in ``unit``; `nil` where nothing was.
    public var measured: Double?
    /// `ms`, `%`, or nothing where it is a number.
    public var unit: String
    /// Whether that is enough.
    public var isKept: Bool

    enum CodingKeys: String, CodingKey {
      case requirement, measured, unit
      case isKept = "kept"
    }
  }

  /// Whether all were kept.
  public var isPassed: Bool
  /// Each requirement, in the order in which they were given.
  public var requirements: [Item]

  enum CodingKeys: String, CodingKey {
    case isPassed = "passed"
    case requirements
  }

  /// The verdict on a run.
  ///
  /// - Parameters:
  ///   - requirements: what it has to keep.
  ///   - allowedErrors: errors that are a success, where no requirement is about errors.
  ///   - needsTurn: whether a run in which no turn was exchanged has failed, be it without an error.
  public init(
    _ requirements: [Requirement], allowedErrors: Int = 0, needsTurn: Bool = true, on tally: ReplayTally, wall: Duration
  ) {
    var items = requirements.map { $0.verdict(on: tally, wall: wall) }
    if !requirements.contains(where: \.isAboutErrors) {
      items.append(
        Item(
          requirement: "errors <= \(allowedErrors)", measured: Double(tally.errorCount), unit: "",
          isKept: tally.errorCount <= allowedErrors))
    }
    // Errors say themselves why no turn came.
    if needsTurn, tally.errorCount == 0, tally.turns == 0 {
      items.append(Item(requirement: "turns > 0", measured: 0, unit: "", isKept: false))
    }
    self.requirements = items
    isPassed = items.allSatisfy(\.isKept)
  }

  /// The verdict for a terminal: passed or failed, then each requirement.
  public var lines: [String] {
    let broken = requirements.count { !$0.isKept }
    let head =
      isPassed
      ? "PASSED"
      : "FAILED: \(broken) of \(requirements.count) requirement\(requirements.count == 1 ? "" : "s") not kept"
    return [head]
      + Table.lines(
        requirements.map { ["  " + $0.requirement, $0.isKept ? "kept" : "NOT KEPT", $0.measuredText] }, right: [2])
  }
}

extension ReplayVerdict.Item {
  /// What was measured, with its unit.
  public var measuredText: String {
    guard let measured else { return "nothing measured" }
    switch unit {
    case "": return "\(Int(measured))"
    case "%": return "\((measured * 100).rounded() / 100) %"
    default: return "\(Figures.milliseconds(measured)) \(unit)"
    }
  }
}
