extension TokenInspection: CustomStringConvertible {
  /// The whole explanation as text: the fields, then the verdict, then each fault with what to do.
  public var description: String {
    var text: [String] = []
    for segment in TokenSegment.allCases {
      let members = lines.filter { $0.segment == segment }
      guard !members.isEmpty else { continue }
      if segment != .signature { text.append(segment == .header ? "header" : "claims") }
      let width = members.map(\.name.count).max() ?? 0
      for line in members {
        let name = line.name + String(repeating: " ", count: width - line.name.count)
        let indent = segment == .signature ? "" : "  "
        text.append("\(indent)\(name)  \(line.value)\(line.isAtFault ? "   <-- see below" : "")")
      }
    }
    text.append(verdictText)
    for finding in findings {
      text.append("- \(finding.refusal)")
      if let comparison = finding.comparison {
        text.append("    token       \(comparison.token)")
        text.append("    configured  \(comparison.configured)")
        text.append("                " + String(repeating: " ", count: comparison.common) + "^ first difference")
      }
      text.append("    \(finding.advice)")
    }
    return text.joined(separator: "\n")
  }

  private var verdictText: String {
    switch verdict {
    case .accepted(let identity):
      "accepted: tenant \(identity.tenantName), organization \(identity.organization), nonce hash \(identity.nonceHash)"
    case .refused where findings.count == 1: "refused for this reason:"
    case .refused: "refused for \(findings.count) reasons; a server stops at the first:"
    case .keysUnavailable: "nothing wrong so far, but the issuer's keys could not be had: a call would get UNAVAILABLE"
    case .notVerified: "its form and times are fine; neither the signature nor the tenant was checked"
    }
  }
}
