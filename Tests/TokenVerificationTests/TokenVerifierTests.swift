import JSONText
import Testing

@testable import TokenVerification

@Suite("Token verifier")
struct TokenVerifierTests {
  @Test("A good token is accepted and names its tenant")
  func good() throws {
    let fixture = try Fixture()
    let identity = try #require(fixture.verify(fixture.goodToken).identity)
    #expect(identity.organization == Fixture.organization)
    #expect(identity.tenantName == "Example")
    #expect(identity.issuer == fixture.issuer.issuer)
    #expect(identity.schema == .voiceVirtualAgent)
    #expect(identity.expiry == Fixture.now + 3_600)
    #expect(identity.nonceHash.utf8.count == 12)
  }

  @Test("A bad token is refused by the check that it fails", arguments: BadToken.all)
  func bad(token: BadToken) throws {
    let fixture = try Fixture()
    let outcome = fixture.verify(try token.make(fixture))
    guard case .refused(let refusal) = outcome else {
      Issue.record("not refused: \(outcome)")
      return
    }
    #expect(refusal.check == token.check, "\(refusal)")
    #expect(refusal.status == .unauthenticated)
    #expect(fixture.verify(try fixture.goodToken).identity != nil)
  }

  @Test("J1: the token is taken after Bearer in any case, and bare", arguments: ["Bearer ", "bearer ", "BEARER ", ""])
  func bearer(prefix: String) throws {
    let fixture = try Fixture()
    #expect(fixture.verify(prefix + (try fixture.goodToken)).identity != nil)
  }

  @Test("J1: no value and two values are refused")
  func values() throws {
    let fixture = try Fixture()
    let token = try fixture.goodToken
    for values in [[], [token, token], [token, ""], ["", token]] {
      let outcome = fixture.verifier.verify(
        authorization: values, schema: .exactly(.voiceVirtualAgent), now: Fixture.now)
      #expect(outcome.denial == .unauthenticated)
    }
  }

  @Test("J2: sizes are taken up to their limits")
  func sizes() throws {
    // Exactly 8,192 bytes get past the size check, and then fail for what they are.
    let fixture = try Fixture()
    for prefix in ["", "Bearer "] {
      let full = prefix + String(repeating: "A", count: 8_192)
      #expect(fixture.refusal(full)?.check == .structure)
      #expect(fixture.refusal(full + "A")?.check == .size)
    }
    let exact = [UInt8](repeating: UInt8(ascii: "A"), count: 1_366)
    let token = exact + Array(".A".utf8) + [UInt8](repeating: UInt8(ascii: "A"), count: 5_461) + Array(".AAAA".utf8)
    _ = try CompactToken(token)
    let longHeader = [UInt8(ascii: "A")] + token
    #expect(throws: TokenRefusal(.size, nil, .tooLong(bytes: 1_025, limit: 1_024))) { try CompactToken(longHeader) }
  }

  @Test("J7: the type may be JWT in any case or absent", arguments: ["JWT", "jwt", "Jwt", nil])
  func types(type: String?) throws {
    let fixture = try Fixture()
    let token = try fixture.token(header: { $0["typ"] = type.map { .string($0) } })
    #expect(fixture.verify(token).identity != nil)
  }

  @Test("J9: key ids of 1 to 128 characters are taken")
  func keyIDs() throws {
    let issuer = try Fixture.issuer.get()
    for id in ["k", "A.b_c-9", String(repeating: "k", count: 128)] {
      let keys = StaticKeySource([issuer.issuer: KeySet(keyID: id, key: issuer.key.publicKey)])
      let fixture = try Fixture(keys: keys)
      #expect(fixture.verify(try fixture.token(header: { $0["kid"] = .string(id) })).identity != nil)
    }
  }

  @Test("J10: the right key under another issuer is not found")
  func otherIssuer() throws {
    let fixture = try Fixture()
    fixture.verifier.policy = ClaimPolicy(
      issuers: [fixture.issuer.issuer, "https://idbroker-eu.webex.com/idb"], tenants: [fixture.tenant])
    let token = try fixture.token(claims: { $0["iss"] = .string("https://idbroker-eu.webex.com/idb") })
    #expect(fixture.refusal(token) == TokenRefusal(.key, .keyID, .unknownKey))
  }

  @Test(
    "J15: times are compared with 30 s of allowance, to the second",
    arguments: [
      ("exp", -29, true), ("exp", -30, false), ("exp", -31, false), ("iat", 29, true), ("iat", 30, true),
      ("iat", 31, false), ("nbf", 29, true), ("nbf", 30, true), ("nbf", 31, false), ("nbf", -1_000_000, true),
    ])
  func skew(claim: String, offset: Int64, isAccepted: Bool) throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { claims in
      if claim == "exp" { claims["iat"] = .number(JSONNumber(Fixture.now - 3_600)) }
      claims[claim] = .number(JSONNumber(Fixture.now + offset))
    })
    #expect((fixture.verify(token).identity != nil) == isAccepted)
  }

  @Test("J15: the allowance can be 0 to 60 s")
  func otherSkew() throws {
    for (skew, effective) in [(0, 0), (60, 60), (-5, 0), (3_600, 60)] as [(Int64, Int64)] {
      #expect(ClaimPolicy(issuers: [], tenants: [], clockSkew: skew).clockSkew == effective)
    }
  }

  @Test("J14: times may be written with a fraction of zeros, and reach up to 2^53 without harm")
  func wholeFractions() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: {
      $0["exp"] = .number(JSONNumber(literal: "\(Fixture.now + 60).0", wholeValue: nil))
    })
    #expect(fixture.verify(token).identity?.expiry == Fixture.now + 60)
    let late = try fixture.token(claims: {
      $0["exp"] = .number(JSONNumber(1 << 53))
      $0["iat"] = .number(JSONNumber(0))
    })
    #expect(fixture.refusal(late)?.check == .lifetime)
  }

  @Test(
    "J14: fractions and exponents are taken, and rounded against the token",
    arguments: [
      ("exp", "1799999970.9", false), ("exp", "1799999971.1", true), ("exp", "1.8000000600e9", true),
      ("exp", "18000000.6e2", true), ("exp", "1799999970999E-3", false), ("iat", "1800000029.5", true),
      ("iat", "1800000030.000001", false), ("iat", "1.80000003e+9", true), ("nbf", "1800000030.5", false),
      ("nbf", "1800000029.5", true), ("nbf", "0.5", true),
    ])
  func fractions(claim: String, literal: String, isAccepted: Bool) throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { claims in
      if claim == "exp" { claims["iat"] = .number(JSONNumber(Fixture.now - 3_600)) }
      claims[claim] = .number(JSONNumber(literal: literal, wholeValue: nil))
    })
    #expect((fixture.verify(token).identity != nil) == isAccepted)
    if !isAccepted { #expect(fixture.refusal(token)?.check == .time) }
  }

  @Test(
    "J16: a life with fractions counts as the longest that it may mean, and one of no whole second as none",
    arguments: [
      ("1800000000.5", "1800086430.4", false), ("1800000000.5", "1800086430", true),
      ("1800000000", "1800086430.1", false),
      ("1800000000.2", "1800000000.9", false),
    ])
  func lifeWithFractions(begin: String, end: String, isAccepted: Bool) throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: {
      $0["iat"] = .number(JSONNumber(literal: begin, wholeValue: nil))
      $0["exp"] = .number(JSONNumber(literal: end, wholeValue: nil))
    })
    #expect(fixture.refusal(token)?.check == (isAccepted ? nil : .lifetime))
  }

  @Test(
    "The whole numbers around a number are exact whatever its form",
    arguments: [
      ("0", 0, 0), ("0.0", 0, 0), ("0e999999999999999999999", 0, 0), ("12", 12, 12), ("12.0", 12, 12),
      ("12.01", 12, 13),
      ("1.5e1", 15, 15), ("1.55E1", 15, 16), ("100e-2", 1, 1), ("101e-2", 1, 2), ("1e-400", 0, 1),
      ("1e-99999999999999999999", 0, 1), ("0.00001e5", 1, 1), ("0.000012e5", 1, 2),
      ("1e17", 100_000_000_000_000_000, 100_000_000_000_000_000),
      ("999999999999999999", 999_999_999_999_999_999, 999_999_999_999_999_999),
    ] as [(String, Int64, Int64)])
  func roundedNumbers(literal: String, lower: Int64, upper: Int64) throws {
    let value = try JSONValue(parsing: Array(literal.utf8))
    guard case .number(let number) = value else { throw TokenRefusal(.json, nil, .missing) }
    let bounds = try #require(number.rounded)
    #expect(bounds.lower == lower && bounds.upper == upper)
  }

  @Test(
    "A number below nothing or beyond all times has none",
    arguments: ["-1", "-0.1", "1e18", "1000000000000000000", "1e400", "1e99999999999999999999", "123456789.5e10"])
  func unboundedNumbers(literal: String) throws {
    guard case .number(let number) = try JSONValue(parsing: Array(literal.utf8)) else {
      throw TokenRefusal(.json, nil, .missing)
    }
    #expect(number.rounded == nil)
  }

  @Test("J13: the refusal of an unknown issuer names the configuration's key that adds one, and not the issuer")
  func unknownIssuer() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { $0["iss"] = .string("https://idbroker-xx.webex.com/idb") })
    let refusal = try #require(fixture.refusal(token))
    #expect("\(refusal)".contains("identity.issuers"))
    #expect(!"\(refusal)".contains("idbroker"))
  }

  @Test(
    "J16: 24 hours of life are allowed, and the clocks' allowance",
    arguments: [(86_400, true), (86_430, true), (86_431, false), (1, true)] as [(Int64, Bool)])
  func lifetime(seconds: Int64, isAccepted: Bool) throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { $0["exp"] = .number(JSONNumber(Fixture.now + seconds)) })
    #expect((fixture.verify(token).identity != nil) == isAccepted)
  }

  @Test("J17: what the tenant configures must agree, what it does not need only be there")
  func configured() throws {
    let strict = try Fixture(audience: "bot", subject: "calls", nonces: ["n1", "n2"])
    let lax = try Fixture()
    let cases: [(TokenField, JSONValue, Bool)] = [
      (.audience, .string("bot"), true), (.audience, .array([.string("x"), .string("bot")]), true),
      (.audience, .string("Bot"), false), (.audience, .array([.string("x"), .string("y")]), false),
      (.subject, .string("calls"), true), (.subject, .string("call"), false),
      (.nonce, .string("n1"), true), (.nonce, .string("n2"), true), (.nonce, .string("n3"), false),
    ]
    for (field, value, isAccepted) in cases {
      let token = try strict.token(claims: { $0[field.rawValue] = value })
      #expect((strict.verify(token).identity != nil) == isAccepted, "\(field) \(value)")
      #expect(lax.verify(token).identity != nil)
      if !isAccepted { #expect(strict.refusal(token)?.field == field) }
    }
  }

  @Test("J17: a refusal says at which character a claim differs, and not what it is")
  func difference() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { $0["com.cisco.datasource.url"] = .string("https://voice.example.org:443") })
    #expect(fixture.refusal(token) == TokenRefusal(.tenant, .url, .differs(atCharacter: 23)))
  }

  @Test("J17: the method decides which schema a token must carry, shared services take any of the tenant's")
  func schemas() throws {
    let all = try Fixture()
    let voiceOnly = try Fixture(schemas: [.voiceVirtualAgent])
    for schema in SchemaID.media {
      let token = try all.token(claims: { $0[TokenField.schema.rawValue] = .string(schema.rawValue) })
      for method in SchemaID.media {
        #expect((all.verify(token, schema: .exactly(method)).identity != nil) == (schema == method))
      }
      #expect(all.verify(token, schema: .anyOfTenant).identity?.schema == schema)
      #expect((voiceOnly.verify(token, schema: .anyOfTenant).identity != nil) == (schema == .voiceVirtualAgent))
    }
  }

  @Test("An organization may have data sources of several URLs")
  func severalURLs() throws {
    let fixture = try Fixture()
    let second = try Tenant(
      organization: Fixture.organization, name: "Forking", url: "https://fork.example.com", schemas: [.audioForking])
    fixture.verifier.policy = ClaimPolicy(issuers: [fixture.issuer.issuer], tenants: [fixture.tenant, second])
    let token = try fixture.issuer.mint(fixture.issuer.claims(for: second, schema: .audioForking, now: Fixture.now))
    #expect(fixture.verify(token, schema: .anyOfTenant).identity?.tenantName == "Forking")
    #expect(fixture.verify(try fixture.goodToken).identity?.tenantName == "Example")
  }

  @Test("J18: a message of another organization is PERMISSION_DENIED, one that names none is not")
  func messages() throws {
    let fixture = try Fixture()
    let identity = try #require(fixture.verify(fixture.goodToken).identity)
    #expect(identity.refusal(forMessageOf: Fixture.organization) == nil)
    #expect(identity.refusal(forMessageOf: "") == nil)
    for other in [
      "00000000-6e2f-49f9-9a84-b354008fac9e", Fixture.organization + " ", Fixture.organization.uppercased(),
    ] {
      #expect(identity.refusal(forMessageOf: other)?.status == .permissionDenied)
    }
  }

  @Test("J19: one token serves many calls, until its nonce is revoked")
  func revocation() throws {
    let fixture = try Fixture()
    let token = try fixture.goodToken
    for _ in 0..<3 { #expect(fixture.verify(token).identity != nil) }
    let revoked = ClaimPolicy.RevokedNonce(organization: Fixture.organization, nonce: "development-nonce")
    fixture.verifier.policy = ClaimPolicy(
      issuers: [fixture.issuer.issuer], tenants: [fixture.tenant], revoked: [revoked])
    #expect(fixture.refusal(token) == TokenRefusal(.revoked, .nonce, .revoked))
    let other = try fixture.token(claims: { $0["jti"] = .string("another") })
    #expect(fixture.verify(other).identity != nil)
  }

  @Test("J26: a token that has ended opens no further call, cached or not", arguments: [0, 4_096])
  func expiry(cachedTokens: Int) throws {
    let fixture = try Fixture(cachedTokens: cachedTokens)
    let token = try fixture.token(claims: { $0["exp"] = .number(JSONNumber(Fixture.now + 5)) })
    #expect(fixture.verify(token, now: Fixture.now).identity != nil)
    #expect(fixture.verify(token, now: Fixture.now + 34).identity != nil)
    #expect(fixture.refusal(token, now: Fixture.now + 35)?.check == .time)
    #expect(fixture.refusal(token, now: Fixture.now + 36)?.check == .time)
  }

  @Test("A change of tenants or issuers takes effect for the next call, cached tokens included")
  func policyChange() throws {
    let fixture = try Fixture()
    let token = try fixture.goodToken
    #expect(fixture.verify(token).identity != nil)
    fixture.verifier.policy = ClaimPolicy(issuers: [fixture.issuer.issuer], tenants: [])
    #expect(fixture.refusal(token)?.problem == .unknownTenant)
    fixture.verifier.policy = ClaimPolicy(issuers: ["https://other.example"], tenants: [fixture.tenant])
    #expect(fixture.refusal(token)?.check == .issuer)
  }
}
