extension ReplayReport {
  /// The report for a terminal.
  public var lines: [String] {
    var lines = [
      "\(calls) calls, \(turns) turns, \(framesSent) frames in \(Figures.seconds(.milliseconds(wallSeconds * 1000))) s"
    ]
    lines.append("ended: " + Self.list(outcomes))
    if !errors.isEmpty { lines.append("errors: " + Self.list(errors)) }
    if turnsCutShort > 0 { lines.append("\(turnsCutShort) turns were ended in a pause, before all was said") }
    if textPrompts > 0 {
      lines.append("\(textPrompts) prompts were text for the platform's own voice; how long they take is estimated")
    }
    if framesUnsent > 0 { lines.append("\(framesUnsent) messages could not be sent: the server did not take them") }
    for (violation, count) in violations.sorted(by: { $0.key < $1.key }) {
      lines.append("wrong, \(count) times: \(violation.forTerminal)")
    }
    var rows = [["milliseconds", "count", "p50", "p90", "p99", "max"]]
    for (name, times) in measures {
      rows.append([name, "\(times.count)"] + [times.p50, times.p90, times.p99, times.max].map(Figures.milliseconds))
    }
    return lines + Table.lines(rows, right: Set(1..<rows[0].count))
  }

  private static func list(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}

extension ReplayRun.Progress {
  /// How far a run is, in a line for a terminal.
  public func line(at time: Duration, of calls: Int) -> String {
    "\(Figures.seconds(time, width: 8)) s  \(live) of \(calls) calls up, \(tally.calls) over, \(tally.turns) turns, "
      + "\(tally.framesSent) frames, \(tally.errorCount) errors"
  }
}
