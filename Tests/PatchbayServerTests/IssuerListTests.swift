import GatewayConfiguration
import Testing
import TokenVerification

@Suite("Webex's issuers")
struct IssuerListTests {
  @Test("The issuers that a configuration trusts by default are those that the verifier knows as Webex's")
  func lists() {
    #expect(Configuration.Issuer.webex.map(\.issuer) == TrustedIssuer.webex.map(\.issuer))
    #expect(Configuration.Issuer.webex.map(\.keysURL) == TrustedIssuer.webex.map(\.keysURL))
  }
}
