import JSONText

/// Whose tokens are taken and what they must say: a value, replaced as a whole when the configuration changes.
public struct ClaimPolicy: Sendable {
  /// The longest life of a token, in seconds: the platform allows at most 1,440 minutes.
  public static let maximumLifetime: Int64 = 86_400
  /// The clock difference that may be allowed for, in seconds.
  public static let clockSkews: ClosedRange<Int64> = 0...60

  /// A registration nonce of an organization whose tokens are refused, whatever else they say.
  public struct RevokedNonce: Sendable, Hashable {
    /// The organization's UUID, in lower case.
    public var organization: String
    /// The `jti` of its tokens.
    public var nonce: String

    /// The nonce (`jti`) of this organization's tokens.
    public init(organization: String, nonce: String) {
      self.organization = organization
      self.nonce = nonce
    }

    /// By bytes, because equality of strings is wider than equality of claims.
    public static func == (one: Self, other: Self) -> Bool {
      one.organization.hasSameBytes(as: other.organization) && one.nonce.hasSameBytes(as: other.nonce)
    }
  }

  /// The issuers taken, byte for byte.
  public let issuers: [String]
  /// The tenants, in the configuration's order.
  public let tenants: [Tenant]
  /// Tenants that are no tenants any more, or not in this form, while conversations of theirs are up: their tokens open
  /// no new one (``Identity/isRetired``).
  public let retired: [Tenant]
  /// The nonces not taken any more, not of retired tenants either.
  public let revoked: Set<RevokedNonce>
  /// The allowance for differing clocks, in seconds.
  public let clockSkew: Int64
  /// An organization may have several entries, for data sources of different URLs.
  private let tenantsByOrganization: [String: [Tenant]]
  private let retiredByOrganization: [String: [Tenant]]

  /// A policy. A `clockSkew` outside 0 to 60 seconds becomes the nearest within.
  public init(
    issuers: [String], tenants: [Tenant], retired: [Tenant] = [], revoked: Set<RevokedNonce> = [],
    clockSkew: Int64 = 30
  ) {
    self.issuers = issuers
    self.tenants = tenants
    self.retired = retired
    self.revoked = revoked
    self.clockSkew = min(max(clockSkew, Self.clockSkews.lowerBound), Self.clockSkews.upperBound)
    tenantsByOrganization = Dictionary(grouping: tenants, by: \.organization)
    retiredByOrganization = Dictionary(grouping: retired, by: \.organization)
  }

  /// The allow-listed issuer whose bytes a payload's `iss` has: our own constant, for all further use.
  func issuer(named claim: JSONValue?) throws(TokenRefusal) -> String {
    guard let claim else { throw TokenRefusal(.issuer, .issuer, .missing) }
    guard let name = claim.string else { throw TokenRefusal(.issuer, .issuer, .wrongType(expected: "a string")) }
    guard let issuer = issuers.first(where: { $0.hasSameBytes(as: name) }) else {
      throw TokenRefusal(.issuer, .issuer, .notAllowed)
    }
    return issuer
  }

  /// The tenant whose token this is, at `now` seconds since 1970, and whether it is a retired one.
  func tenant(
    for claims: TokenClaims, schema: RequiredSchema, now: Int64
  ) throws(TokenRefusal) -> (tenant: Tenant, isRetired: Bool) {
    if let refusal = timeRefusals(claims, now: now).first { throw refusal }
    var refusal = TokenRefusal(.tenant, .organization, .unknownTenant)
    if let tenant = tenant(of: claims) {
      guard let difference = refusals(claims, tenant: tenant, schema: schema).first else { return (tenant, false) }
      refusal = difference
    }
    let former = retiredByOrganization[claims.organization]?.first {
      refusals(claims, tenant: $0, schema: schema).isEmpty
    }
    if let former { return (former, true) }
    throw refusal
  }

  /// The entry of the token's organization: the one with the token's URL, or else the first.
  func tenant(of claims: TokenClaims) -> Tenant? {
    // The organization is ASCII here, so that equality of strings is equality of bytes.
    let entries = tenantsByOrganization[claims.organization] ?? []
    return entries.first { $0.url.hasSameBytes(as: claims.url) } ?? entries.first
  }

  /// Whether a tenant's tokens are taken whatever their nonce is.
  public func hasOpenNonces(_ identity: Identity) -> Bool {
    tenantsByOrganization[identity.organization]?.contains { $0.nonces == nil } ?? false
  }

  /// All that is wrong with the token's times. Claims lie within 0...2^53, so that nothing can overflow.
  func timeRefusals(_ claims: TokenClaims, now: Int64) -> [TokenRefusal] {
    var refusals: [TokenRefusal] = []
    if now >= claims.expiry + clockSkew {
      refusals.append(TokenRefusal(.time, .expiry, .expired(seconds: now - claims.expiry)))
    }
    if claims.issuedAt > now + clockSkew {
      refusals.append(TokenRefusal(.time, .issuedAt, .inFuture(seconds: claims.issuedAt - now)))
    }
    if let notBefore = claims.notBefore, notBefore > now + clockSkew {
      refusals.append(TokenRefusal(.time, .notBefore, .inFuture(seconds: notBefore - now)))
    }
    if claims.expiry <= claims.issuedAt {
      refusals.append(TokenRefusal(.lifetime, .expiry, .endsBeforeItBegins))
    } else if claims.longestLifetime > Self.maximumLifetime + clockSkew {
      refusals.append(
        TokenRefusal(
          .lifetime, .expiry, .livesTooLong(seconds: claims.longestLifetime, limit: Self.maximumLifetime)))
    }
    return refusals
  }

  /// All that differs between a token's claims and its tenant.
  func refusals(_ claims: TokenClaims, tenant: Tenant, schema: RequiredSchema) -> [TokenRefusal] {
    var refusals: [TokenRefusal] = []
    func compare(_ claim: String, _ expected: String?, _ field: TokenField) {
      guard let expected, !claim.hasSameBytes(as: expected) else { return }
      refusals.append(
        TokenRefusal(.tenant, field, .differs(atCharacter: Self.firstDifference(claim, expected))))
    }
    compare(claims.url, tenant.url, .url)
    let allowed = tenant.schemas.filter { id in
      if case .exactly(let required) = schema { id == required } else { true }
    }
    if !allowed.contains(where: { $0.rawValue.hasSameBytes(as: claims.schema) }) {
      refusals.append(TokenRefusal(.tenant, .schema, .notAllowed))
    }
    if let audience = tenant.audience, !claims.audiences.contains(where: { $0.hasSameBytes(as: audience) }) {
      compare(claims.audiences.first ?? "", audience, .audience)
    }
    compare(claims.subject, tenant.subject, .subject)
    if let nonces = tenant.nonces, !nonces.contains(where: { $0.hasSameBytes(as: claims.nonce) }) {
      refusals.append(TokenRefusal(.tenant, .nonce, .notCurrent))
    }
    if revoked.contains(RevokedNonce(organization: claims.organization, nonce: claims.nonce)) {
      refusals.append(TokenRefusal(.revoked, .nonce, .revoked))
    }
    return refusals
  }

  /// The first character, counted from 1, at which two different texts differ; one past the shorter if it is the
  /// beginning of the longer.
  static func firstDifference(_ one: String, _ other: String) -> Int {
    zip(one.unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.count + 1
  }
}
