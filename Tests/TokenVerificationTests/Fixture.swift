import JSONText
@testable import TokenVerification

/// A development issuer, a tenant and a clock that stands still.
struct Fixture {
  static let now: Int64 = 1_800_000_000
  static let url = "https://voice.example.com:443"
  static let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
  /// One key for all tests: making one takes a tenth of a second.
  static let issuer = Result { try DevelopmentIssuer(issuer: "https://idbroker.webex.com/idb") }

  let issuer: DevelopmentIssuer
  let tenant: Tenant
  let verifier: TokenVerifier

  init(
    audience: String? = nil, subject: String? = nil, nonces: [String]? = nil,
    schemas: Set<SchemaID> = SchemaID.media, keys: (any KeySource)? = nil, cachedTokens: Int = 4_096,
    revoked: Set<ClaimPolicy.RevokedNonce> = []
  ) throws {
    issuer = try Self.issuer.get()
    tenant = try Tenant(
      organization: Self.organization, name: "Example", url: Self.url, audience: audience, subject: subject,
      nonces: nonces, schemas: schemas)
    verifier = TokenVerifier(
      policy: ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant], revoked: revoked),
      keys: keys ?? issuer.keySource, cachedTokens: cachedTokens)
  }

  var claims: JSONObject { issuer.claims(for: tenant, now: Self.now) }
  var goodToken: String { get throws { try issuer.mint(claims) } }

  /// A token whose claims or header differ from the good one's.
  func token(
    header edit: (inout JSONObject) -> Void = { _ in }, claims editClaims: (inout JSONObject) -> Void = { _ in }
  ) throws -> String {
    var header = JSONObject(["kid": .string(issuer.keyID), "typ": .string("JWT"), "alg": .string("RS256")])
    var claims = claims
    edit(&header)
    editClaims(&claims)
    return try issuer.sign(header: JSONValue.object(header).text, payload: JSONValue.object(claims).text)
  }

  func verify(
    _ token: String, schema: RequiredSchema = .exactly(.voiceVirtualAgent), now: Int64 = now
  ) -> VerificationOutcome {
    verifier.verify(authorization: [token], schema: schema, now: now)
  }

  /// Why a token is refused; nil if it is not.
  func refusal(_ token: String, schema: RequiredSchema = .exactly(.voiceVirtualAgent), now: Int64 = now)
    -> TokenRefusal?
  {
    if case .refused(let refusal) = verify(token, schema: schema, now: now) { refusal } else { nil }
  }
}

extension VerificationOutcome {
  var identity: Identity? {
    if case .accepted(let identity) = self { identity } else { nil }
  }
}
