import JSONText
import Testing

@testable import TokenVerification

@Suite("Secrecy")
struct SecrecyTests {
  /// Texts that stand in claims and header of a token, and must come out nowhere.
  private static let canary = "canary7351"

  /// All that a value shows of itself.
  private func shown(_ value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return "\(value) \(String(reflecting: value)) \(dumped)"
  }

  @Test("J28: no refusal, outcome or status shows any part of a token", arguments: BadToken.all)
  func refusals(token: BadToken) throws {
    let fixture = try Fixture()
    let text = try token.make(fixture)
    let outcome = fixture.verify(text)
    let secrets = try Self.parts(of: text) + Self.parts(of: fixture.goodToken)
    for secret in secrets { #expect(!shown(outcome).contains(secret), "\(outcome)") }
  }

  @Test("J28: claims with canaries, each wrong in its way, come out nowhere")
  func canaries() throws {
    let fixture = try Fixture(audience: "a", subject: "s", nonces: ["n"])
    var count = 0
    for field in TokenField.allCases {
      for value in [JSONValue.string(Self.canary), .array([.string(Self.canary)]), .number(JSONNumber(7_351_735_173))] {
        for isHeader in [true, false] {
          let token = try fixture.token(
            header: { if isHeader { $0[field.rawValue] = value } },
            claims: { if !isHeader { $0[field.rawValue] = value } })
          let outcome = fixture.verify(token)
          #expect(!shown(outcome).contains(Self.canary))
          #expect(!shown(outcome).contains("7351735173"))
          if case .refused(let refusal) = outcome {
            #expect(!refusal.advice.contains(Self.canary))
            #expect(["unauthenticated"].contains(refusal.status.text))
          }
          count += 1
        }
      }
    }
    #expect(count > 100)
  }

  @Test("J28: values that hold a token show nothing of it when they are printed")
  func printing() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { $0["sub"] = .string(Self.canary) })
    let compact = try CompactToken(Array(token.utf8))
    let claims = try TokenClaims(CompactToken.members(of: compact.payload, .payload))
    for value in [shown(compact), shown(claims), shown([claims]), shown(Optional(claims) as Any)] {
      #expect(!value.contains(Self.canary))
      #expect(!value.contains("callAudioData"))
      #expect(!value.contains(", 101,"))
    }
  }

  @Test("J28: an accepted identity shows the organization and a hash of the nonce, not the nonce")
  func identity() throws {
    let fixture = try Fixture()
    let token = try fixture.token(claims: { $0["jti"] = .string(Self.canary) })
    let identity = try #require(fixture.verify(token).identity)
    #expect(!shown(identity).contains(Self.canary))
    #expect(identity.nonceHash == SHA256(Self.canary.utf8).shortText)
  }

  @Test("J28: the client gets one fixed text per status")
  func statuses() {
    #expect(GateStatus.unauthenticated.text == "unauthenticated")
    #expect(GateStatus.permissionDenied.text == "permission denied")
    #expect(GateStatus.unavailable.text == "authentication is unavailable, try again")
    #expect([GateStatus.permissionDenied, .unavailable, .unauthenticated].map(\.code) == [7, 14, 16])
  }

  /// The segments of a token, and the texts of its claims that are not our configuration's.
  private static func parts(of token: String) -> [String] {
    token.split(separator: ".").map(String.init).filter { $0.utf8.count > 12 } + ["callAudioData", "development-nonce"]
  }
}
