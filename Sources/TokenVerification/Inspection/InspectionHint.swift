import JSONText

/// What to do about a claim that differs from what is configured, as exactly as the two texts tell.
enum InspectionHint {
  /// A data source's URL: which part of it differs.
  static func url(_ token: String, _ configured: String) -> String {
    let (theirs, ours) = (Parts(token), Parts(configured))
    let what: String
    if let theirs, let ours {
      switch (theirs, ours) {
      case _ where theirs.scheme != ours.scheme:
        what = "One is \(theirs.scheme.printable), the other \(ours.scheme.printable)."
      case _ where theirs.host != ours.host && theirs.host.lowercased() == ours.host.lowercased():
        what = "The hosts differ in upper and lower case only, which counts here."
      case _ where theirs.host != ours.host: what = "They name different hosts."
      case _ where theirs.port == nil: what = "The data source was registered without a port, the tenant's url has one."
      case _ where ours.port == nil: what = "The data source was registered with a port, the tenant's url has none."
      case _ where theirs.port != ours.port: what = "The ports differ."
      case _ where theirs.rest == ours.rest + "/": what = "The data source was registered with a final slash."
      case _ where theirs.rest + "/" == ours.rest: what = "The tenant's url has a final slash, the registered one none."
      default: what = "The paths differ."
      }
    } else {
      what = "They are compared byte for byte."
    }
    return """
      \(what) Write the tenant's url as it is registered, or register the data source again with the configured one: \
      the two must be the same byte for byte.
      """
  }

  /// The data source's schema: what it is for, and what the tenant takes.
  static func schema(_ token: String, allowed: Set<SchemaID>) -> String {
    let names = allowed.map { $0.nameOrID }.sorted().joined(separator: ", ")
    guard let name = SchemaID(rawValue: token).name else {
      return
        "This is no schema that is spoken here; the tenant takes \(names). Register the data source for one of them."
    }
    return """
      The data source is registered for \(name); what is called takes \(names). Register one for that schema, or add \
      this one to the tenant's schemas.
      """
  }

  /// An issuer that is not trusted.
  static func issuer(_ token: String, trusted: [String]) -> String {
    if TrustedIssuer.webex.contains(where: { $0.issuer.hasSameBytes(as: token) }) {
      return "This is one of Webex's issuers, which this configuration leaves out: add it under identity.issuers."
    }
    if let near = trusted.first(where: { same($0, token) }) {
      return """
        It is nearly \(near.printable): case, port and a final slash count. Webex writes its issuers one way only, so \
        whoever made this token is to be corrected, unless the configuration has a slip.
        """
    }
    return "It is none of Webex's issuers either. Only if you know whose it is, add it under identity.issuers."
  }

  /// An organization that is no tenant's.
  static func organization(_ token: String, tenants: [Tenant]) -> String {
    if let near = tenants.first(where: { $0.organization.lowercased() == token.lowercased() }) {
      return """
        It is the organization of tenant \(near.name.printable) in other letters: write org as the token has it.
        """
    }
    switch tenants.count {
    case 0: return "No tenant is configured: add this organization under identity.tenants."
    case 1...5:
      let names = tenants.map { "\($0.organization) (\($0.name.printable))" }.joined(separator: ", ")
      return "Configured are \(names). If the calls of this one are to be taken, add it under identity.tenants."
    default:
      return
        "None of the \(tenants.count) tenants is this one. If its calls are to be taken, add it under identity.tenants."
    }
  }

  /// The text of several that has the most in common with another from the beginning.
  static func nearest(_ texts: [String], to other: String) -> String? {
    texts.max { ClaimPolicy.firstDifference($0, other) < ClaimPolicy.firstDifference($1, other) }
  }

  /// Whether two issuers are one but for case, a final slash and the usual port.
  private static func same(_ one: String, _ other: String) -> Bool {
    func plain(_ text: String) -> String {
      let text = text.lowercased().replacing(":443", with: "")
      return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
    return plain(one) == plain(other)
  }

  private struct Parts {
    var scheme: String
    var host: String
    var port: String?
    var rest: String

    init?(_ url: String) {
      guard let separator = url.firstRange(of: "://") else { return nil }
      scheme = String(url[..<separator.lowerBound])
      let afterScheme = url[separator.upperBound...]
      let authority = afterScheme.prefix { $0 != "/" }
      rest = String(afterScheme[authority.endIndex...])
      let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      host = parts.first.map(String.init) ?? ""
      port = parts.count > 1 ? String(parts[1]) : nil
    }
  }
}

extension SchemaID {
  /// What a known schema is for.
  var name: String? {
    switch self {
    case .voiceVirtualAgent: "voice virtual agents"
    case .audioForking: "audio forking"
    case .mediaIntelligence: "meetings"
    default: nil
    }
  }

  fileprivate var nameOrID: String { name.map { "\($0) (\(rawValue))" } ?? rawValue }
}
