public import TokenVerification
import YAMLReading

extension Configuration {
  /// `identity`.
  public struct Identity: Sendable, Equatable {
    /// `development`: whether tokens come from an issuer of the server's own, made on the spot, instead of from
    /// `issuers`, which are empty then. Loopback only.
    public var isDevelopment = false
    /// `clock_skew`: what clocks may differ.
    public var clockSkew: Duration = 30.s
    /// `issuers`.
    public var issuers = TrustedIssuer.webex.map { Issuer(issuer: $0.issuer, keysURL: $0.keysURL) }
    /// `tenants`: the organizations that may call. An organization may have several entries, each with a URL of its
    /// own: one for each of its data sources.
    public var tenants: [Tenant] = []
    /// `revoked`: registrations whose tokens are refused.
    public var revoked: [Revocation] = []
    /// `revocations_file`: a file with more of them, which is read again whenever it changes.
    public var revocationsFile: String?
  }

  /// An entry of `identity.issuers`.
  public struct Issuer: Sendable, Equatable {
    /// `issuer`: what the claim `iss` says, byte for byte.
    public var issuer = ""
    /// `keys_url`: its JSON Web Key Set; https, or http on loopback.
    public var keysURL = ""
  }

  /// An entry of `identity.tenants`.
  public struct Tenant: Sendable, Equatable {
    /// `org`: the organization's UUID, in lower case.
    public var organization = ""
    /// `name` for people.
    public var name = ""
    /// `url`: the registered data source URL, byte for byte.
    public var url = ""
    /// `audience`: what `aud` must hold; `nil` is anything.
    public var audience: String?
    /// `subject`: what `sub` must be; `nil` is anything.
    public var subject: String?
    /// `recording`: what is kept of this tenant's calls.
    public var recording = Recording()
    /// `nonces`: what `jti` may be; empty accepts any.
    public var nonces: [String] = []
    /// `schemas`: the schema UUIDs a token may be for, in lower case.
    public var schemas = [Self.voiceVirtualAgentSchema]
    /// `limits.conversations`: how many the organization may have at once; `nil` is `limits.conversations_per_tenant`.
    public var conversations: Int?
    /// `data_source`: what is registered with Webex for this tenant; without it nothing is.
    public var dataSource: TenantDataSource?

    init() {}

    /// A tenant of whom nothing but the data source's URL is asked.
    public init(organization: String, name: String, url: String) {
      (self.organization, self.name, self.url) = (organization, name, url)
    }

    /// The schema of the voice virtual agent (Cisco, BYOVA).
    public static let voiceVirtualAgentSchema = SchemaID.voiceVirtualAgent.rawValue
    /// That of the same over WebSocket.
    static let socketSchema = SchemaID.voiceVirtualAgentSocket.rawValue
    /// Whether its data source is one of the WebSocket port's: a URL that is an origin.
    public var usesSocket: Bool { url.hasPrefix("wss://") }
  }
}

extension Configuration.Identity: KeyGroup {
  static var keys: [Key<Self>] {
    Key("development", \.isDevelopment, .flag, "The server issues tokens itself; loopback only.", hides: false)
    Key("clock_skew", \.clockSkew, .duration(0.s...1.min), "The allowed difference between clocks.", isLive: true)
    Key(
      "issuers", \.issuers, Configuration.Issuer.list(64), "The issuers whose tokens are accepted.", hides: [],
      standard: "the issuers of Webex", isLive: true)
    Key(
      "tenants", \.tenants, Configuration.Tenant.list(10_000, printsEmpty: true),
      "The organizations that may call; an entry for each of their data sources.", isLive: true)
    Key("revoked", \.revoked, Configuration.Revocation.list(10_000), "Refused tokens.", isLive: true)
    Key(
      "revocations_file", \.revocationsFile, .file,
      "The path of a file with `ORG NONCE` on each line; read again after each change.", isLive: true)
  }

  mutating func check(_ section: Section) {
    let written = section.has("development") && isDevelopment
    if !section.has("development") { isDevelopment = section.reading.isDemo }
    if isDevelopment {
      issuers = []
      checkDevelopment(section, isWritten: written)
    } else if issuers.isEmpty {
      section.report(
        "issuers", "without an issuer no token could be accepted",
        "list one, or leave the key out for the Webex issuers")
    }
    section.reportRepeated("issuers", by: "issuer", issuers.map(\.issuer)) { issuer, _ in
      ("the issuer \(issuer) is listed twice", "keep one of the two")
    }
    checkTenants(section)
    if let revocationsFile { Configuration.Revocation.check(file: revocationsFile, section.reading) }
    section.reading.tenants = tenants
  }

  private func checkTenants(_ section: Section) {
    if tenants.isEmpty, !isDevelopment {
      section.warn(
        nil, "no tenant is listed: every call will be refused",
        "write `identity: {tenants: [{org: …, url: \"https://…\"}]}`, or `identity: {development: true}` to try it out")
    }
    let names = tenants.map { $0.organization.isEmpty || $0.url.isEmpty ? "" : "\($0.organization) \($0.url)" }
    section.reportRepeated("tenants", by: "org", names) { name, first in
      (
        "the organization \(name.prefix(36)) is listed already, with this URL, at \(first)",
        "keep one of the two, or give each the URL of its own data source"
      )
    }
    section.reportRepeated(
      "tenants", by: "limits", tenants.map { $0.conversations == nil ? "" : $0.organization }
    ) { _, first in
      (
        "the organization's limits are written already at \(first)",
        "write them in one of its entries: they are for all of them together"
      )
    }
  }

  /// The issuer of this process is the only one then: who can have a token of it must not depend on what is on the network.
  private func checkDevelopment(_ section: Section, isWritten: Bool) {
    if section.has("issuers") {
      section.report(
        "issuers", "with `identity.development` no other issuer's tokens are accepted",
        "remove `issuers`, or `development: true`")
    }
    guard isWritten else { return }
    section.warn(
      "development",
      "`identity.development` is on: tokens are made by this process, and whoever can read this user's files can call",
      "remove it before Webex calls this server")
  }
}

extension Configuration.Issuer: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "issuer", \.issuer, .text(), "The issuer's URL, as in https://idbroker.webex.com/idb; byte for byte.",
      required: .yes)
    Key(
      "keys_url", \.keysURL, .text(), "The URL of the issuer's key set; https, or http on loopback.",
      standard: "`/oauth2/v2/keys/verificationjwk` of the issuer")
  }

  mutating func check(_ section: Section) {
    guard !issuer.isEmpty else { return }
    let isWritten = !keysURL.isEmpty
    if !isWritten { keysURL = TrustedIssuer.defaultKeysURL(of: issuer) }
    if URLParts(keysURL) != nil, (try? TrustedIssuer(issuer: issuer, keysURL: keysURL)) != nil { return }
    section.reading.report(
      section.place(of: isWritten ? "keys_url" : "issuer"),
      "keys have to come from an https URL, or an http URL on loopback, not from \(keysURL.quotedForMessage)",
      isWritten
        ? "write an https URL, or leave it out for the issuer's own"
        : "write the issuer's URL, as in https://idbroker.webex.com/idb")
  }
}

extension Configuration.Tenant: KeyGroup {
  static var keys: [Key<Self>] {
    Key("org", \.organization, .uuid, "The organization's UUID.", required: .yes)
    Key("name", \.name, .text(128), "A name for people.", standard: "the organization")
    Key(
      "url", \.url, .text(), "The data source's URL as it is registered, https://… or wss://…; byte for byte.",
      required: .yes)
    Key("audience", \.audience, .text(), "The token's audience must be this.", standard: "anything")
    Key("subject", \.subject, .text(), "The token's subject must be this.", standard: "anything")
    Key("recording", \.recording, .group, "The recordings of its calls.", hides: .init())
    Key(
      "nonces", \.nonces, .texts(16, "a registered nonce", isMasked: true), "The token's id must be one of them.",
      standard: "anything")
    Key(
      "schemas", \.schemas,
      .texts(16, "a schema's UUID") { $0.uuid($1, name: $0.name("schemas"), $2) },
      "The schemas that a token may be for; default the voice virtual agent's, over WebSocket for a wss:// URL.")
    Key(part: "limits", "Its limits.", write: "`limits: {conversations: 100}`") {
      Key(
        "conversations", \.conversations, .integer(1...1_000_000),
        "Conversations at once, in all entries of the organization.", standard: "limits.conversations_per_tenant")
    }
    Key("data_source", \.dataSource, .group(write: "`data_source: {lifetime: 24h}`"), "Its registration with Webex.")
  }

  mutating func check(_ section: Section) {
    if name.isEmpty { name = organization }
    if usesSocket, !section.has("schemas") { schemas = [Self.socketSchema] }
    if usesSocket, url.dropFirst(6).contains(where: { "/?#".contains($0) }) {
      section.report(
        "url", "a `wss://` URL is registered as an origin, without a path: `\(url.quotedForMessage)`",
        "write it as in wss://voice.example.com, and register it so")
    }
    guard !url.isEmpty, URLParts(url) == nil else { return }
    section.report(
      "url", "`\(section.name("url"))` is not a URL: `\(url.quotedForMessage)`",
      "write the data source's URL byte for byte as it is registered, as in https://voice.example.com:443")
  }
}
