import Histogram

/// A page with the distributions of a run: each measure's times over its percentiles, the tail stretched.
public enum ReplayPlot {
  /// Nines on the horizontal axis: 90 %, 99 % … up to what the counts can tell.
  private static let nines = 4.0
  private static let width = 720.0
  private static let height = 220.0
  private static let margin = 56.0

  /// The page, as HTML with drawings in SVG; nothing is loaded from elsewhere.
  public static func html(_ tally: ReplayTally, report: ReplayReport) -> String {
    var body = "<h1>Replay</h1>\n<pre>\(report.lines.joined(separator: "\n").escapedForMarkup)</pre>\n"
    for measure in ReplayTally.Measure.allCases {
      guard let times = tally.times[measure], times.totalCount > 0 else { continue }
      body += "<h2>\(measure.rawValue) (ms)</h2>\n\(svg(times))\n"
    }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Replay</title>
      <style>body{font:15px sans-serif;margin:2em}pre{background:#f4f4f4;padding:1em}svg{display:block}\
      text{font:11px sans-serif;fill:#444}</style></head>
      <body>
      \(body)</body></html>

      """
  }

  /// One measure: milliseconds over percentiles, where each further nine takes the same room.
  static func svg(_ times: ReplayTally.Times) -> String {
    let top = max(0.001, Double(times.max) / 1000)
    let points = stride(from: 0.0, through: nines, by: 0.05).map { nine -> String in
      let time = Double(times.valueAtPercentile(100 - 100 / power(nine))) / 1000
      return "\(rounded(x(nine))),\(rounded(y(time, top)))"
    }
    var parts = [
      #"<svg width="\#(Int(width + 2 * margin))" height="\#(Int(height + margin))" role="img">"#
    ]
    for step in 0...4 {
      let time = top * Double(step) / 4
      let line = rounded(y(time, top))
      parts.append(
        #"<line x1="\#(margin)" x2="\#(margin + width)" y1="\#(line)" y2="\#(line)" stroke="lightgray"/>"#
          + #"<text x="\#(margin - 6)" y="\#(line)" text-anchor="end">\#(Figures.milliseconds(time))</text>"#)
    }
    for (nine, name) in [(0.0, "0 %"), (0.301, "50 %"), (1, "90 %"), (2, "99 %"), (3, "99.9 %"), (4, "99.99 %")] {
      parts.append(
        #"<text x="\#(rounded(x(nine)))" y="\#(height + 24)" text-anchor="middle">\#(name)</text>"#)
    }
    parts.append(
      #"<polyline fill="none" stroke="steelblue" stroke-width="2" points="\#(points.joined(separator: " "))"/></svg>"#)
    return parts.joined(separator: "\n")
  }

  private static func x(_ nine: Double) -> Double { margin + width * nine / nines }
  private static func y(_ time: Double, _ top: Double) -> Double { 8 + height * (1 - time / top) }
  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

  /// 10 to the power of a number from 0 to 4, by repeated multiplication of 10^0.05.
  private static func power(_ nine: Double) -> Double {
    var value = 1.0
    for _ in 0..<Int((nine * 20).rounded()) { value *= 1.122_018_454_301_963_3 }
    return value
  }
}
