extension ConformanceReport {
  /// The report for a person: a line a rule, then what to mend first.
  public func text(isColoured: Bool = false) -> String {
    let paint = { (text: String, code: Int) in isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
    let width = findings.map(\.rule.id.count).max() ?? 0
    var lines: [String] = []
    for finding in findings {
      let name = finding.rule.id + String(repeating: " ", count: width - finding.rule.id.count)
      switch finding.verdict {
      case .passed: lines.append("\(paint("passed", 32))   \(name)  \(finding.rule.text)")
      case .failed: lines.append("\(paint("FAILED", 31))   \(name)  \(finding.seen)")
      case .skipped: lines.append("\(paint("skipped", 33))  \(name)  \(finding.seen)")
      }
    }
    if count(.failed) > 0 {
      lines += ["", "To mend, the gravest first:"]
      for (number, finding) in toMend.enumerated() {
        lines += [
          "",
          "\(number + 1). \(paint(finding.rule.id, 1)) (\(finding.rule.source); "
            + "case \(finding.cases.joined(separator: ", ")))",
          "   rule:  \(finding.rule.text)", "   seen:  \(finding.seen)", "   else:  \(finding.rule.consequence)",
        ]
        lines += finding.evidence.map { "     | \($0)" }
      }
    }
    lines += ["", "\(count(.passed)) passed, \(count(.failed)) failed, \(count(.skipped)) skipped at \(target)"]
    return lines.joined(separator: "\n")
  }

  /// The report as JUnit XML: a test a rule.
  public var junit: String {
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuite name="conformance" tests="\#(findings.count)" failures="\#(count(.failed))""#
        + #" skipped="\#(count(.skipped))">"#,
    ]
    for finding in findings {
      let group = finding.rule.id.split(separator: ".").first ?? ""
      let head = #"  <testcase classname="\#(group)" name="\#(finding.rule.id)""#
      switch finding.verdict {
      case .passed: lines.append(head + "/>")
      case .skipped: lines.append(head + #"><skipped message="\#(finding.seen.escapedForMarkup)"/></testcase>"#)
      case .failed:
        let evidence = ([finding.rule.text] + finding.evidence).joined(separator: "\n")
        lines.append(
          head
            + #"><failure message="\#(finding.seen.escapedForMarkup)">\#(evidence.escapedForMarkup)</failure>"#
            + "</testcase>"
        )
      }
    }
    return (lines + ["</testsuite>", ""]).joined(separator: "\n")
  }

  /// The report as one page of HTML that needs nothing else.
  public var html: String {
    var rows = ""
    for finding in toMend + findings.filter({ $0.verdict != .failed }) {
      let evidence =
        finding.evidence.isEmpty ? "" : "<pre>\(finding.evidence.joined(separator: "\n").escapedForMarkup)</pre>"
      let consequence = finding.verdict == .failed ? "<p>\(finding.rule.consequence.escapedForMarkup)</p>" : ""
      rows += """
        <tr class="\(finding.verdict.rawValue)"><td>\(finding.verdict.rawValue)</td><td><code>\(finding.rule.id)</code><br>\
        <small>\(finding.rule.source.escapedForMarkup)</small></td><td>\(finding.rule.text.escapedForMarkup)\
        <p>\(finding.seen.escapedForMarkup)</p>\(consequence)\(evidence)</td></tr>

        """
    }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Conformance of \(target.escapedForMarkup)</title>
      <meta name="viewport" content="width=device-width">
      <style>
      :root { color-scheme: light dark } body { font: 15px/1.5 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }
      table { border-collapse: collapse; width: 100% } td { border-top: 1px solid #8888; padding: .5em; vertical-align: top }
      pre { overflow-x: auto; white-space: pre-wrap; font-size: 12px } p { margin: .3em 0 } small, .skipped { opacity: .75 }
      td:first-child { width: 5em; font-weight: bold } code { overflow-wrap: anywhere }
      .failed td:first-child { color: light-dark(#b3261e, #ff8a80) } .passed td:first-child { color: light-dark(#0f7350, #5fd3a0) }
      @media (max-width: 700px) { tr, td { display: block } tr { border-top: 1px solid #8888 } td { border: 0; padding: .15em 0 } }
      </style></head><body>
      <h1>Conformance of \(target.escapedForMarkup)</h1>
      <p>\(count(.passed)) passed, \(count(.failed)) failed, \(count(.skipped)) skipped. What failed comes first, the gravest \
      at the top.</p>
      <table>
      \(rows)</table></body></html>

      """
  }
}

extension String {
  /// As text of HTML and XML, or as the value of an attribute. Control characters, which XML does not have, are spaces.
  fileprivate var escapedForMarkup: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "\n": text += "\n"
      default: text.unicodeScalars.append(scalar.value < 32 || (0xFFFE...0xFFFF).contains(scalar.value) ? " " : scalar)
      }
    }
    return text
  }
}
