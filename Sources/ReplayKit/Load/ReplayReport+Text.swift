extension ReplayReport {
  /// The report for a terminal.
  public var lines: [String] {
    var lines = verdict?.lines ?? []
    let time = Figures.seconds(.milliseconds(wallSeconds * 1000))
    lines.append("\(calls) calls, \(turns) turns, \(framesSent) frames in \(time) s")
    lines.append("ended: " + Self.list(outcomes))
    if !errors.isEmpty { lines.append("errors: " + Self.list(errors)) }
    if turnsCutShort > 0 { lines.append("\(turnsCutShort) turns were ended in a pause, before all was said") }
    if textPrompts > 0 {
      lines.append("\(textPrompts) prompts were text for the platform's own voice; how long they take is estimated")
    }
    if framesUnsent > 0 { lines.append("\(framesUnsent) messages could not be sent: the server did not take them") }
    if callsLate > 0 {
      lines.append(
        "\(callsLate) calls were late, \(callsMissed) of them never begun: as many were up as --calls allows")
    }
    if lateFrames > 0 { lines.append("\(lateFrames) frames left late: the replayer itself was slow") }
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
  public func line(at time: Duration) -> String {
    var line =
      "\(Figures.seconds(time, width: 8)) s  \(live) calls up, \(tally.calls) over, \(tally.turns) turns, "
      + "\(tally.errorCount) errors"
    if let turns = tally.times[.turnLatency], turns.totalCount > 0 {
      let milliseconds = { (percentile: Double) in
        Figures.milliseconds(.microseconds(Int(clamping: turns.valueAtPercentile(percentile))))
      }
      line += ", turn p50 \(milliseconds(50)), p99 \(milliseconds(99))"
    }
    if tally.callsLate > 0 { line += ", \(tally.callsLate) calls late" }
    if tally.lateFrames > 0 { line += ", \(tally.lateFrames) late frames" }
    return line
  }
}
