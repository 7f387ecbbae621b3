/// A customer of this server: the organization whose calls are taken, and what its tokens must say.
public struct Tenant: Sendable, Hashable {
  /// The organization's UUID, as the tokens spell it.
  public let organization: String
  /// The tenant's name in logs and metrics.
  public let name: String
  /// The URL registered with the data source; tokens must carry it byte for byte, the port too if it was registered.
  public let url: String
  /// The audience registered; tokens must name it if it is set.
  public let audience: String?
  /// The subject registered; tokens must carry it if it is set.
  public let subject: String?
  /// The current nonces; tokens must carry one of them if any are set. Two while a data source is being updated.
  public let nonces: [String]?
  /// The schemas the tenant's data sources may have.
  public let schemas: Set<SchemaID>

  /// A tenant. Throws if a token could never agree with it.
  public init(
    organization: String, name: String, url: String, audience: String? = nil, subject: String? = nil,
    nonces: [String]? = nil, schemas: Set<SchemaID> = SchemaID.media
  ) throws(SettingError) {
    guard TokenClaims.isUUID(organization) else { throw .organization }
    guard (1...TokenClaims.maximumTextBytes).contains(url.utf8.count) else { throw .text("url") }
    for (member, text) in [("audience", audience), ("subject", subject)] {
      if let text, !(1...TokenClaims.maximumTextBytes).contains(text.utf8.count) { throw .text(member) }
    }
    if let nonces {
      guard !nonces.isEmpty, nonces.allSatisfy({ (1...TokenClaims.maximumTextBytes).contains($0.utf8.count) }) else {
        throw .text("nonces")
      }
    }
    guard !schemas.isEmpty else { throw .schemas }
    self.organization = organization
    self.name = name
    self.url = url
    self.audience = audience
    self.subject = subject
    self.nonces = nonces
    self.schemas = schemas
  }

  private init(_ tenant: Tenant, nonces: [String]) {
    organization = tenant.organization
    name = tenant.name
    url = tenant.url
    audience = tenant.audience
    subject = tenant.subject
    self.nonces = nonces
    schemas = tenant.schemas
  }

  /// The same tenant with these nonces accepted too, where it does not take any nonce; with `only`, these alone where it
  /// took any.
  func accepting(_ more: [String], only: Bool = false) -> Tenant {
    guard let nonces else { return only ? Tenant(self, nonces: more) : self }
    return Tenant(self, nonces: nonces + more.filter { !nonces.contains($0) })
  }

  /// Why a tenant could never be called.
  public enum SettingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The organization is not a UUID.
    case organization
    /// This member is empty, or longer than a claim may be.
    case text(String)
    /// No schema at all.
    case schemas

    /// What is wrong and what to write.
    public var description: String {
      switch self {
      case .organization:
        "org must be the organization's UUID, such as ce861fba-6e2f-49f9-9a84-b354008fac9e"
      case .text(let member): "\(member) must have 1 to \(TokenClaims.maximumTextBytes) bytes"
      case .schemas: "at least one schema is needed"
      }
    }
  }
}
