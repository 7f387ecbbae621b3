import JSONText

/// Who opened a call, as a verified token says. It stays valid for the call however long that lasts: a token
/// authenticates the request's start.
public struct Identity: Sendable, Hashable {
  /// The customer's organization: the tenant's configured constant.
  public let organization: String
  /// The tenant's name.
  public let tenantName: String
  /// The issuer: the allow-list's constant.
  public let issuer: String
  /// The schema that the token is registered for.
  public let schema: SchemaID
  /// The first 12 hexadecimal digits of the nonce's SHA-256: tells registrations apart in a log without giving them away.
  public let nonceHash: String
  /// When the token ends, in seconds since 1970.
  public let expiry: Int64
  /// Whether the tenant is not in the configuration any more, or not in the form that the token agrees with: its
  /// conversations that are up go on, and no new one begins.
  public let isRetired: Bool

  init(
    organization: String, tenantName: String, issuer: String, schema: SchemaID, nonceHash: String, expiry: Int64,
    isRetired: Bool
  ) {
    self.organization = organization
    self.tenantName = tenantName
    self.issuer = issuer
    self.schema = schema
    self.nonceHash = nonceHash
    self.expiry = expiry
    self.isRetired = isRetired
  }

  /// Who calls by what another server of ours has verified: of the token only what its conversation goes by.
  package init(
    verifiedElsewhere organization: String, tenantName: String, schema: SchemaID, isRetired: Bool = true
  ) {
    self.init(
      organization: organization, tenantName: tenantName, issuer: "", schema: schema, nonceHash: "", expiry: 0,
      isRetired: isRetired)
  }

  /// Why a message that names this organization may not be part of the call, or nil if it may. An empty one says
  /// nothing and is allowed. To be asked for every message.
  public func refusal(forMessageOf organization: String) -> TokenRefusal? {
    guard !organization.isEmpty, !organization.hasSameBytes(as: self.organization) else { return nil }
    return TokenRefusal(
      .organization, .organization,
      .differs(atCharacter: ClaimPolicy.firstDifference(organization, self.organization)))
  }
}
