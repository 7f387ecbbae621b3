import YAMLReading

extension Configuration.Identity {
  init(_ section: Section, isDemo: Bool) {
    clockSkew = section.duration("clock_skew", in: .zero...(.seconds(60)), default: .seconds(30))
    let development = section.flag("development")
    isDevelopment = development ?? isDemo
    issuers = []
    if isDevelopment {
      Self.checkDevelopment(section, isWritten: development == true)
    } else if let entries = section.sections("issuers", maximum: 64) {
      for entry in entries {
        guard let issuer = Configuration.Issuer(entry) else { continue }
        if issuers.contains(where: { $0.issuer == issuer.issuer }) {
          section.reading.report(
            entry.place(of: "issuer"), "the issuer \(issuer.issuer) is listed twice", "keep one of the two")
        }
        issuers.append(issuer)
      }
      if entries.isEmpty {
        section.reading.report(
          section.place(of: "issuers"), "without an issuer no token could be accepted",
          "list one, or leave the key out for the Webex issuers")
      }
    } else {
      issuers = Configuration.Issuer.webex
    }
    tenants = []
    var places: [[String]: ConfigurationProblem.Place] = [:]
    var limited: [String: ConfigurationProblem.Place] = [:]
    for entry in section.sections("tenants", maximum: 10_000) ?? [] {
      guard let tenant = Configuration.Tenant(entry) else { continue }
      if let first = places[[tenant.organization, tenant.url]] {
        section.reading.report(
          entry.place(of: "org"),
          "the organization \(tenant.organization) is listed already, with this URL, at \(first)",
          "keep one of the two, or give each the URL of its own data source")
        continue
      }
      places[[tenant.organization, tenant.url]] = entry.place(of: "org")
      if tenant.conversations != nil {
        if let first = limited[tenant.organization] {
          section.reading.report(
            entry.place(of: "limits"), "the organization's limits are written already at \(first)",
            "write them in one of its entries: they are for all of them together")
        }
        limited[tenant.organization] = entry.place(of: "limits")
      }
      tenants.append(tenant)
    }
    revoked = Configuration.Revocation.list(section)
    revocationsFile = Configuration.Revocation.file(section)
    section.finish()
    if tenants.isEmpty, !isDevelopment {
      section.reading.warn(
        section.place, "no tenant is listed: every call will be refused",
        "write `identity: {tenants: [{org: …, url: \"https://…\"}]}`, or `identity: {development: true}` to try it out")
    }
  }

  /// The issuer of this process is the only one then: who can have a token of it must not depend on what is on the network.
  private static func checkDevelopment(_ section: Section, isWritten: Bool) {
    if section.sections("issuers", maximum: 64) != nil {
      section.reading.report(
        section.place(of: "issuers"), "with `identity.development` no other issuer's tokens are accepted",
        "remove `issuers`, or `development: true`")
    }
    guard isWritten else { return }
    section.reading.warn(
      section.place(of: "development"),
      "`identity.development` is on: tokens are made by this process, and whoever can read this user's files can call",
      "remove it before Webex calls this server")
  }
}

extension Configuration.Issuer {
  init?(_ section: Section) {
    let write = "the issuer's URL, as in https://idbroker.webex.com/idb"
    let issuer = section.requiredText("issuer", write: write)
    let keys = section.text("keys_url", write: "the URL of the issuer's key set")
    section.finish()
    guard let issuer else { return nil }
    self.issuer = issuer
    keysURL = keys ?? Self.defaultKeysURL(of: issuer)
    guard Self.isTrustworthy(keysURL) else {
      section.reading.report(
        section.place(of: keys == nil ? "issuer" : "keys_url"),
        "keys have to come from an https URL, or an http URL on loopback, not from \(keysURL.quotedForMessage)",
        keys == nil ? "write \(write)" : "write an https URL, or leave it out for the issuer's own")
      return nil
    }
  }

  private static func isTrustworthy(_ url: String) -> Bool {
    guard let parts = URLParts(url) else { return false }
    return parts.scheme == "https" || parts.scheme == "http" && parts.isLoopback
  }
}

extension Configuration.Tenant {
  init?(_ section: Section) {
    section.require("org", write: "the organization's UUID")
    let organization = section.value("org", write: "the organization's UUID")
      .flatMap { section.uuid($0, name: section.name("org")) }
    let name = section.text("name", maximum: 128, write: "a name for people")
    let url = section.requiredText("url", write: "the data source's URL as it is registered, https://…")
    audience = section.text("audience", write: "what the token's audience has to be")
    subject = section.text("subject", write: "what the token's subject has to be")
    nonces = section.texts("nonces", maximum: 16, write: "a registered nonce").map(\.text)
    schemas = section.values("schemas", maximum: 16, write: "a schema's UUID").compactMap {
      section.uuid($0, name: section.name("schemas"))
    }
    if !section.has("schemas"), schemas.isEmpty { schemas = [Self.voiceVirtualAgentSchema] }
    recording = Recording(section.always("recording"))
    let limits = section.always("limits", write: "`limits: {conversations: 100}`")
    let most = limits.integer("conversations", in: 1...1_000_000, default: 1_000)
    conversations = limits.has("conversations") ? most : nil
    limits.finish()
    dataSource = section.section("data_source", write: "`data_source: {lifetime: 24h}`")
      .map(Configuration.TenantDataSource.init)
    section.finish()
    if let url, URLParts(url) == nil {
      section.reading.report(
        section.place(of: "url"), "`\(section.name("url"))` is not a URL: `\(url.quotedForMessage)`",
        "write the data source's URL byte for byte as it is registered, as in https://voice.example.com:443")
    }
    guard let organization, let url else { return nil }
    self.organization = organization
    self.name = name ?? organization
    self.url = url
  }
}
