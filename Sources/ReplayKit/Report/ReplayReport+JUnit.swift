extension ReplayReport {
  /// The report as JUnit has it: a case for each requirement, and one for each expectation of a recorded call.
  public var junit: String {
    var cases: [(group: String, name: String, failure: String?)] = []
    for item in verdict?.requirements ?? [] {
      cases.append(("requirements", item.requirement, item.isKept ? nil : "measured: \(item.measuredText)"))
    }
    for one in expectations ?? [] {
      let name = "\(one.turn == 0 ? "greeting" : "turn \(one.turn)"): \(one.expected)"
      let failure = "not so in \(one.failed) of \(one.failed + one.kept) calls, for one: \(one.seen ?? "nothing came")"
      cases.append(("calls.\(one.call)", name, one.failed == 0 ? nil : failure))
    }
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuite name="replay" tests="\#(cases.count)" failures="\#(cases.count { $0.failure != nil })""#
        + #" time="\#(wallSeconds)">"#,
    ]
    for one in cases {
      let head = #"  <testcase classname="\#(Self.attribute(one.group))" name="\#(Self.attribute(one.name))""#
      if let failure = one.failure {
        lines.append(head + #"><failure message="\#(Self.attribute(failure))"/></testcase>"#)
      } else {
        lines.append(head + "/>")
      }
    }
    return (lines + ["</testsuite>", ""]).joined(separator: "\n")
  }

  private static func attribute(_ text: String) -> String {
    text.forTerminal.escapedForMarkup.replacing("\"", with: "&quot;")
  }
}
