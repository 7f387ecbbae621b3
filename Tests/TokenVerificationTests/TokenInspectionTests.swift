import JSONText
import Testing

@testable import TokenVerification

@Suite("Token inspection")
struct TokenInspectionTests {
  private func verify(_ token: String, _ fixture: Fixture, now: Int64 = Fixture.now) async -> TokenInspection {
    await TokenInspection.verifying(token, with: fixture.verifier, schema: .exactly(.voiceVirtualAgent), now: now)
  }

  @Test("A good token is shown and accepted")
  func good() async throws {
    let fixture = try Fixture()
    let inspection = await verify("Bearer \(try fixture.goodToken)\n", fixture)
    guard case .accepted(let identity) = inspection.verdict else {
      Issue.record("\(inspection)")
      return
    }
    #expect(identity == fixture.verify(try fixture.goodToken).identity)
    #expect(inspection.findings.isEmpty)
    let text = inspection.description
    #expect(text.contains("alg  RS256"))
    #expect(text.contains("2027-01-15 09:00:00 UTC, in 60 min"))
    #expect(text.contains("256 bytes, verified"))
  }

  @Test("Every bad token is refused for a reason that includes the server's", arguments: BadToken.all)
  func bad(token: BadToken) async throws {
    let fixture = try Fixture()
    let text = try token.make(fixture)
    let inspection = await verify(text, fixture)
    // White space around a pasted token is left out before it is looked at.
    guard !["a space at the end", "only the scheme"].contains(token.name) else { return }
    #expect(inspection.verdict == .refused)
    let refusal = try #require(fixture.refusal(text))
    #expect(inspection.findings.first?.refusal.check == refusal.check, "\(inspection)")
    #expect(!inspection.findings.contains { $0.refusal.advice.isEmpty })
  }

  @Test("All faults are found, not only the first, and values that differ are set side by side")
  func several() async throws {
    let fixture = try Fixture(audience: "bot")
    let token = try fixture.token(claims: {
      $0["exp"] = .number(JSONNumber(Fixture.now - 100))
      $0["iat"] = .number(JSONNumber(Fixture.now - 200))
      $0["com.cisco.datasource.url"] = .string("https://voice.example.com")
      $0["aud"] = .string("bat")
    })
    let inspection = await verify(token, fixture)
    #expect(inspection.findings.map(\.refusal.field) == [.expiry, .url, .audience])
    #expect(
      inspection.findings[1].comparison
        == .init(token: "https://voice.example.com", configured: "https://voice.example.com:443", common: 25))
    let text = inspection.description
    #expect(text.contains("refused for 3 reasons"))
    #expect(text.contains("                 ^ first difference"))
    #expect(text.contains("100 s ago"))
  }

  @Test(
    "A URL that differs is explained by the part that differs",
    arguments: [
      ("https://voice.example.com", "without a port"), ("https://voice.example.com:8443", "ports differ"),
      ("https://voice.example.com:443/", "registered with a final slash"),
      ("http://voice.example.com:443", "One is http"),
      ("https://Voice.example.com:443", "upper and lower case"), ("https://other.example.com:443", "different hosts"),
      ("https://voice.example.com:443/x", "paths differ"), ("voice", "byte for byte"),
    ])
  func url(token: String, phrase: String) async throws {
    let fixture = try Fixture()
    let inspection = await verify(
      try fixture.token(claims: { $0["com.cisco.datasource.url"] = .string(token) }), fixture)
    #expect(inspection.findings.map(\.advice).first?.contains(phrase) == true, "\(inspection)")
  }

  @Test("An issuer, an organization and a schema that differ are explained by what was meant")
  func meant() async throws {
    let fixture = try Fixture(schemas: [.voiceVirtualAgent])
    func advice(_ field: String, _ value: String) async throws -> String {
      let inspection = await verify(try fixture.token(claims: { $0[field] = .string(value) }), fixture)
      return inspection.findings.first { $0.refusal.field?.rawValue == field }?.advice ?? "\(inspection)"
    }
    #expect(
      try await advice("iss", "https://idbroker.webex.com/idb/").contains("nearly https://idbroker.webex.com/idb"))
    #expect(try await advice("iss", "https://idbroker-eu.webex.com/idb").contains("one of Webex's issuers"))
    #expect(try await advice("iss", "https://example.com").contains("none of Webex's"))
    let organization = "com.cisco.org.uuid"
    #expect(
      try await advice(organization, Fixture.organization.uppercased()).contains("tenant Example in other letters"))
    #expect(try await advice(organization, "00000000-6e2f-49f9-9a84-b354008fac9e").contains("Configured are"))
    let schema = "com.cisco.datasource.schema.uuid"
    #expect(try await advice(schema, SchemaID.audioForking.rawValue).contains("registered for audio forking"))
    #expect(try await advice(schema, "00000000-6e2f-49f9-9a84-b354008fac9e").contains("no schema that is spoken here"))
  }

  @Test("Of several audiences the nearest is set beside the configured one")
  func audiences() async throws {
    let fixture = try Fixture(audience: "patchbay")
    let token = try fixture.token(claims: { $0["aud"] = .array([.string("other"), .string("patchbai")]) })
    let finding = await verify(token, fixture).findings.first
    #expect(finding?.comparison == .init(token: "patchbai", configured: "patchbay", common: 7))
  }

  @Test("Without a configuration the token is shown, and its form and times are judged")
  func unverified() throws {
    let fixture = try Fixture()
    let good = TokenInspection(try fixture.goodToken, now: Fixture.now)
    #expect(good.verdict == .notVerified)
    #expect(good.findings.isEmpty)
    let late = TokenInspection(try fixture.goodToken, now: Fixture.now + 86_400)
    #expect(late.findings.map(\.refusal.check) == [.time])
    let nothing = TokenInspection("rubbish", now: Fixture.now)
    #expect(nothing.verdict == .refused)
    #expect(nothing.lines.isEmpty)
  }

  @Test("Without keys nothing is said about the signature")
  func noKeys() async throws {
    struct NoKeys: KeySource {
      func lookup(issuer: String, keyID: String) -> KeyLookup { .pending }
      func fetch(issuer: String, keyID: String) async -> KeyLookup { .unavailable }
    }
    let fixture = try Fixture(keys: NoKeys())
    #expect(await verify(try fixture.goodToken, fixture).verdict == .keysUnavailable)
  }

  @Test("A token cannot write on the terminal")
  func control() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: {
      $0["sub"] = .string("\u{1B}[2J\u{7}\r\u{202E}x\u{9B}")
      $0["\u{1B}]0;title"] = .array([.string("\u{85}\u{200F}")])
    })
    let text = TokenInspection(token, now: Fixture.now).description
    for scalar in text.unicodeScalars where scalar != "\n" {
      #expect(scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value))
      #expect(!["\u{202E}", "\u{200F}"].contains(scalar))
    }
  }

  @Test(
    "Times are shown in UTC",
    arguments: [
      (0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"),
      (1_800_000_000, "2027-01-15 08:00:00 UTC"), (4_102_444_799, "2099-12-31 23:59:59 UTC"),
      (-1, "1969-12-31 23:59:59 UTC"), (253_402_300_800, "10000-01-01 00:00:00 UTC"),
    ] as [(Int64, String)])
  func utc(seconds: Int64, text: String) { #expect(UTCTime.text(seconds) == text) }
}
