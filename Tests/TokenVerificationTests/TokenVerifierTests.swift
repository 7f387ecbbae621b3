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
