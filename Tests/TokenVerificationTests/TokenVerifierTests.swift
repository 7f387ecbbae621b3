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
}
