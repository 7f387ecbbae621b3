import YAMLReading

extension Requirement {
  /// The longest requirement, in UTF-8 bytes.
  static let longest = 200
  /// Names that are shorter than those of the JSON.
  private static let shorter: [String: ReplayTally.Measure] = ["turn": .turnLatency]

  /// What may be said, in a line.
  public static var grammar: String {
    """
    write FIGURE < VALUE (or <=, =, >=, >), where a figure is a time (\(measures.keys.sorted().joined(separator: ", "))) \
    with p50, p99.9 or any other percentile, mean, max or count, as in turn p99 < 900ms; or a count \
    (\(CountedFigure.plain.map(\.name).joined(separator: ", ")), errors.NAME, outcomes.NAME), as in errors < 0.1%; or \
    wallSeconds
    """
  }

  private static var measures: [String: ReplayTally.Measure] {
    Dictionary(ReplayTally.Measure.allCases.map { ($0.rawValue, $0) }) { first, _ in first }
      .merging(shorter) { first, _ in first }
  }

  /// Reads a requirement.
  public init(_ text: String) throws(RequirementError) {
    let trimmed = text.trimmingSpaces
    let wrong = { (problem: String, remedy: String) in
      RequirementError(text: trimmed, problem: problem, remedy: remedy)
    }
    guard trimmed.utf8.count <= Self.longest, trimmed.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw wrong("it is too long, or not plain text", Self.grammar)
    }
    guard let first = trimmed.firstIndex(where: { "<>=".contains($0) }) else {
      throw wrong("there is no comparison in it", Self.grammar)
    }
    let sign = trimmed[first...].prefix { "<>=".contains($0) }
    guard let comparison = Comparison(rawValue: String(sign)) else {
      throw wrong("`\(sign)` is no comparison", "write <, <=, =, >= or >")
    }
    let words = trimmed[..<first].split(separator: " ").map(String.init)
    guard let name = words.first, words.count <= 2 else { throw wrong("it does not name one figure", Self.grammar) }
    let (number, unit) = try Self.value(String(trimmed[sign.endIndex...]), wrong)

    let figure: Figure
    let factor: Double
    if let measure = Self.measure(name) {
      guard words.count == 2, let statistic = Self.statistic(words[1]) else {
        throw wrong(
          words.count == 2 ? "`\(words[1])` is nothing of a time" : "it does not say what of \(name)",
          "write p and a percentile, as in \(name) p99, or mean, max or count")
      }
      figure = .time(measure, statistic)
      factor = statistic == .count ? try Self.plain(unit, wrong) : try Self.milliseconds(unit, wrong)
    } else {
      guard words.count == 1 else {
        throw wrong(
          "\(Self.isKnown(name) ? "`\(words[1])` is too much" : "there is no figure `\(name)`")", Self.help(name))
      }
      if name.lowercased() == "wallseconds" {
        (figure, factor) = (.wall, try Self.milliseconds(unit.isEmpty ? "s" : unit, wrong))
      } else {
        guard let count = Self.count(name) else { throw wrong("there is no figure `\(name)`", Self.help(name)) }
        figure = .count(count, isShare: unit == "%")
        if unit == "%" {
          guard count.whole(of: ReplayTally()) != nil else {
            throw wrong("\(name) is no part of anything", "write a number without %")
          }
          factor = 1
        } else {
          factor = try Self.plain(unit, wrong)
        }
      }
    }
    description = trimmed
    self.figure = figure
    self.comparison = comparison
    value = number * factor
  }

  private static func measure(_ name: String) -> ReplayTally.Measure? {
    measures.first { $0.key.lowercased() == name.lowercased() }?.value
  }

  private static func count(_ name: String) -> CountedFigure? {
    if let plain = CountedFigure.plain.first(where: { $0.name.lowercased() == name.lowercased() }) {
      return plain.figure
    }
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[1].isWord(with: "_") else { return nil }
    switch parts[0].lowercased() {
    case "errors": return .errors(parts[1].uppercased())
    case "outcomes":
      return CallOutcome.names.first { $0.lowercased() == parts[1].lowercased() }.map(CountedFigure.outcomes)
    default: return nil
    }
  }

  private static func isKnown(_ name: String) -> Bool { count(name) != nil || name.lowercased() == "wallseconds" }

  private static func help(_ name: String) -> String {
    let names = measures.keys.sorted() + CountedFigure.plain.map(\.name) + CallOutcome.names.map { "outcomes.\($0)" }
    return Suggestion.nearest(to: name, among: names).map { "did you mean \($0)? \(grammar)" } ?? grammar
  }

  private static func statistic(_ word: String) -> Statistic? {
    switch word.lowercased() {
    case "mean": return .mean
    case "max": return .maximum
    case "count": return .count
    default:
      guard word.lowercased().hasPrefix("p"), let percentile = number(word.dropFirst()), percentile > 0,
        percentile <= 100
      else { return nil }
      return .percentile(percentile)
    }
  }

  private static func number(_ text: some StringProtocol) -> Double? {
    let isPlain = text.utf8.count <= 15 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
    return isPlain ? Double(text) : nil
  }

  private static func value(
    _ text: String, _ wrong: (String, String) -> RequirementError
  ) throws(RequirementError) -> (number: Double, unit: String) {
    let text = text.trimmingSpaces
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard let number = number(digits) else {
      throw wrong("there is no number after the comparison", "write one with its unit, as in 900ms, 0.1% or 3")
    }
    return (number, String(text.dropFirst(digits.count)).trimmingSpaces)
  }

  private static func milliseconds(
    _ unit: String, _ wrong: (String, String) -> RequirementError
  ) throws(RequirementError) -> Double {
    switch unit {
    case "us": return 0.001
    case "ms": return 1
    case "s": return 1000
    default:
      throw wrong(
        unit.isEmpty ? "a time needs its unit" : "`\(unit)` is no unit of a time",
        "write it in us, ms or s, as in 900ms")
    }
  }

  private static func plain(
    _ unit: String, _ wrong: (String, String) -> RequirementError
  ) throws(RequirementError) -> Double {
    guard unit.isEmpty else { throw wrong("a count has no unit `\(unit)`", "write a number alone, or a share in %") }
    return 1
  }
}
