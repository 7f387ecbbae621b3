import JSONText
import Locking
import Synchronization
import Testing

@testable import TokenVerification

@Suite("Tokens known to be good")
struct VerifiedTokensTests {
  /// A key source whose answer can be changed and whose questions are counted.
  final class ChangingKeys: KeySource {
    let answer: Locked<KeyLookup>
    let lookups = Atomic(0)

    init(_ answer: KeyLookup) { self.answer = Locked(answer) }

    func lookup(issuer: String, keyID: String) -> KeyLookup {
      lookups.add(1, ordering: .relaxed)
      return answer.withLock { $0 }
    }
    func fetch(issuer: String, keyID: String) async -> KeyLookup { lookup(issuer: issuer, keyID: keyID) }
  }

  @Test("J29: a token counts as good only while the issuer has the key that it was verified with")
  func keyChange() throws {
    let issuer = try Fixture.issuer.get()
    let keys = ChangingKeys(.found(issuer.key.publicKey))
    let fixture = try Fixture(keys: keys)
    let token = try fixture.goodToken
    #expect(fixture.verify(token).identity != nil)
    #expect(fixture.verify(token).identity != nil)
    keys.answer.withLock { $0 = .unknown }
    #expect(fixture.refusal(token)?.check == .key)
    let other = try DevelopmentIssuer()
    keys.answer.withLock { $0 = .found(other.key.publicKey) }
    #expect(fixture.refusal(token)?.problem == .badSignature)
    keys.answer.withLock { $0 = .found(issuer.key.publicKey) }
    #expect(fixture.verify(token).identity != nil)
  }

  @Test("J25: without keys a call is told to try again, not that its token is bad")
  func unavailable() async throws {
    let fixture = try Fixture(keys: ChangingKeys(.unavailable))
    let outcome = fixture.verify(try fixture.goodToken)
    #expect(outcome == .keysUnavailable(issuer: fixture.issuer.issuer))
    #expect(outcome.denial == .unavailable)
    #expect(outcome.denial?.code == 14)
    // What is wrong by itself needs no keys to be refused.
    #expect(fixture.verify("x.y").denial == .unauthenticated)
  }

  @Test("The asynchronous form waits for keys that have to be fetched")
  func pending() async throws {
    final class SlowKeys: KeySource {
      let key: RSAPublicKey
      let isFetched = Atomic(false)
      init(_ key: RSAPublicKey) { self.key = key }
      func lookup(issuer: String, keyID: String) -> KeyLookup {
        isFetched.load(ordering: .acquiring) ? .found(key) : .pending
      }
      func fetch(issuer: String, keyID: String) async -> KeyLookup {
        isFetched.store(true, ordering: .releasing)
        return .found(key)
      }
    }
    let issuer = try Fixture.issuer.get()
    let fixture = try Fixture(keys: SlowKeys(issuer.key.publicKey))
    let token = try fixture.goodToken
    #expect(fixture.verify(token) == .pending(issuer: issuer.issuer))
    #expect(fixture.verify(token).denial == .unavailable)
    let outcome = await fixture.verifier.verify(
      authorization: [token], schema: .exactly(.voiceVirtualAgent), clock: { Fixture.now })
    #expect(outcome.identity != nil)
    #expect(fixture.verify(token).identity != nil)
  }

  @Test("J29: at most 4,096 tokens are remembered, the ones in use longest")
  func bounded() {
    var tokens = VerifiedTokens(capacity: 8)
    let claims = TokenClaims.inspect(JSONObject([:])).claims
    let entry = VerifiedTokens.Entry(issuer: "i", keyID: "k", thumbprint: "t", claims: claims, nonceHash: "n")
    let used = SHA256("used".utf8)
    tokens.insert(entry, for: used)
    for number in 0..<1_000 {
      tokens.insert(entry, for: SHA256("\(number)".utf8))
      #expect(tokens.count <= 8)
      #expect(tokens.entry(for: used) != nil)
    }
    #expect(tokens.entry(for: SHA256("0".utf8)) == nil)
    #expect(tokens.entry(for: SHA256("999".utf8)) != nil)
    tokens.remove(used)
    #expect(tokens.entry(for: used) == nil)
  }
}
