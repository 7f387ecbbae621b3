/// What a tenant wants to be registered: one data source of one schema.
public struct DesiredRegistration: Sendable, Hashable {
  /// The organization.
  public var organization: String
  /// The tenant's name.
  public var name: String
  /// The data source's id where it is known; otherwise it is found by schema and URL.
  public var id: String?
  /// The schema's UUID.
  public var schemaID: String
  /// The URL that Webex shall call.
  public var url: String
  /// The tokens' `aud`; nil keeps what is registered, and registers ``defaultAudience``.
  public var audience: String?
  /// The tokens' `sub`; nil keeps what is registered, and registers ``defaultSubject``.
  public var subject: String?
  /// The tokens' life in minutes.
  public var lifetimeMinutes: Int
  /// Why Webex shall not call, where it shall not.
  public var disabledBecause: String?

  /// The audience where none is asked for.
  public static let defaultAudience = "patchbay"
  /// The subject where none is asked for: what Webex's examples have.
  public static let defaultSubject = "callAudioData"

  /// A registration.
  public init(
    organization: String, name: String, id: String? = nil, schemaID: String, url: String, audience: String? = nil,
    subject: String? = nil, lifetimeMinutes: Int = 1_440, disabledBecause: String? = nil
  ) {
    self.organization = organization
    self.name = name
    self.id = id
    self.schemaID = schemaID
    self.url = url
    self.audience = audience
    self.subject = subject
    self.lifetimeMinutes = lifetimeMinutes
    self.disabledBecause = disabledBecause
  }

  /// The tenant's entry and the schema: what tells one registration from another.
  public var key: Key { Key(organization: organization, url: url, schemaID: schemaID) }

  /// What tells one registration from another.
  public struct Key: Sendable, Hashable {
    /// The organization.
    public let organization: String
    /// The URL.
    public let url: String
    /// The schema's UUID.
    public let schemaID: String
  }

  /// The fields to send: what is wanted, and where nothing is, what is there.
  func fields(over source: DataSource?, nonce: String) -> DataSourceFields {
    let reason = disabledBecause ?? source.flatMap(disabledByOthers)
    return DataSourceFields(
      schemaID: schemaID, url: url, audience: audience ?? source?.audience ?? Self.defaultAudience,
      subject: subject ?? source?.subject ?? Self.defaultSubject, nonce: nonce, lifetimeMinutes: lifetimeMinutes,
      status: reason == nil ? .active : .disabled, errorMessage: reason)
  }

  /// The reason that a person or Webex gave for disabling the data source: it is not ours to overrule. Without a reason it
  /// counts as drift.
  func disabledByOthers(_ source: DataSource) -> String? {
    guard disabledBecause == nil, source.status == DataSourceFields.Status.disabled.rawValue else { return nil }
    return source.errorMessage.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether a data source of a list is this one.
  func matches(_ source: DataSource) -> Bool {
    source.schemaID.lowercased() == schemaID.lowercased() && source.url.utf8.elementsEqual(url.utf8)
  }

  /// The names of the fields in which a data source is not what is wanted. What is not told of it is not held against it.
  func drift(of source: DataSource) -> [String] {
    let wanted = fields(over: source, nonce: "")
    var names: [String] = []
    func compare(_ name: String, _ one: String?, _ other: String?) {
      if !(one ?? "").utf8.elementsEqual((other ?? "").utf8) { names.append(name) }
    }
    compare("schema", source.schemaID.lowercased(), wanted.schemaID.lowercased())
    compare("url", source.url, wanted.url)
    if let audience = source.audience { compare("audience", audience, wanted.audience) }
    if let subject = source.subject { compare("subject", subject, wanted.subject) }
    if let minutes = source.lifetimeMinutes, minutes != wanted.lifetimeMinutes { names.append("lifetime") }
    if let status = source.status { compare("status", status, wanted.status.rawValue) }
    if wanted.status == .disabled { compare("error message", source.errorMessage, wanted.errorMessage) }
    return names
  }
}
