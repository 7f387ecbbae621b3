import Locking
import Testing

@testable import TokenVerification

@Suite("Tenants that change")
struct TenantDirectoryTests {
  /// A monotonic clock that stands still until it is set.
  final class Clock: Sendable {
    private let time = Locked<Duration>(.zero)
    var now: Duration {
      get { time.withLock { $0 } }
      set { time.withLock { $0 = newValue } }
    }
  }

  let fixture: Fixture
  let directory: TenantDirectory
  let clock = Clock()

  init() throws {
    fixture = try Fixture()
    directory = TenantDirectory(fixture.verifier, now: { [clock] in clock.now })
  }

  private func policy(_ tenants: [Tenant], revoked: Set<ClaimPolicy.RevokedNonce> = []) -> ClaimPolicy {
    ClaimPolicy(issuers: [fixture.issuer.issuer], tenants: tenants, revoked: revoked)
  }

  private func tenant(url: String = Fixture.url, nonces: [String]? = nil) throws -> Tenant {
    try Tenant(organization: Fixture.organization, name: "Example", url: url, nonces: nonces)
  }

  @Test("a tenant that is removed is retired: its token says so, and it comes back as it was")
  func removal() throws {
    let token = try fixture.goodToken
    #expect(fixture.verify(token).identity?.isRetired == false)
    directory.configure(policy([]))
    #expect(fixture.verify(token).identity?.isRetired == true)
    directory.configure(policy([fixture.tenant]))
    #expect(fixture.verify(token).identity?.isRetired == false)
    #expect(!directory.hasRetired)
  }

  @Test("a tenant whose URL or nonces change takes the new tokens, and the old ones for what is up")
  func change() throws {
    let old = try fixture.goodToken
    let url = try fixture.token(claims: { $0["com.cisco.datasource.url"] = .string("https://new.example.com") })
    directory.configure(policy([try tenant(url: "https://new.example.com")]))
    #expect(fixture.verify(url).identity?.isRetired == false)
    #expect(fixture.verify(old).identity?.isRetired == true)
    directory.configure(policy([try tenant(nonces: ["another"])]))
    #expect(fixture.verify(old).identity?.isRetired == true)
    let stranger = try fixture.token(claims: { $0["com.cisco.datasource.url"] = .string("https://x.example.com") })
    #expect(fixture.refusal(stranger)?.field == .url)
  }

  @Test("a retired tenant is forgotten when its organization has no conversation up, not before and not at once")
  func forgetting() throws {
    let token = try fixture.goodToken
    directory.configure(policy([]))
    clock.now = TenantDirectory.leastRetirement - .seconds(1)
    directory.forgetRetired(except: [])
    #expect(fixture.verify(token).identity != nil)
    clock.now = .seconds(3_600)
    directory.forgetRetired(except: [Fixture.organization])
    #expect(fixture.verify(token).identity != nil)
    directory.forgetRetired(except: ["00000000-0000-4000-8000-000000000000"])
    #expect(fixture.refusal(token)?.problem == .unknownTenant)
  }

  @Test("J19: what is revoked is refused at once, whoever revoked it, cached tokens and retired tenants included")
  func revocation() throws {
    let token = try fixture.goodToken
    let nonce = ClaimPolicy.RevokedNonce(organization: Fixture.organization, nonce: "development-nonce")
    for source in TenantDirectory.RevocationSource.allCases {
      #expect(fixture.verify(token).identity != nil)
      directory.revoke([nonce], by: source)
      #expect(fixture.refusal(token)?.check == .revoked)
      directory.configure(policy([], revoked: source == .configuration ? [nonce] : []))
      #expect(fixture.verify(token).identity == nil, "a retired tenant's nonce is revoked all the same")
      directory.configure(policy([fixture.tenant]))
      directory.revoke([], by: source)
    }
    #expect(directory.revokeByOperator(nonce))
    directory.configure(policy([fixture.tenant]))
    directory.revoke([], by: .file)
    #expect(fixture.refusal(token)?.check == .revoked, "a reload takes back nothing that an operator revoked")
    #expect(directory.revocations == 1)
    directory.leaveToOthers(nonce)
    #expect(fixture.verify(token).identity != nil)
  }

  @Test("nonces of a renewal are taken beside the configured ones, over reloads, and for that registration only")
  func renewal() throws {
    let renewed = try fixture.token(claims: { $0["jti"] = .string("renewed") })
    let listed = try tenant(nonces: ["development-nonce"])
    directory.configure(policy([listed]))
    clock.now = TenantDirectory.leastRetirement
    directory.forgetRetired(except: [])
    #expect(fixture.refusal(renewed)?.problem == .notCurrent)
    directory.accept(nonces: ["renewed"], organization: Fixture.organization, url: "https://other.example.com")
    #expect(fixture.refusal(renewed)?.problem == .notCurrent)
    directory.accept(nonces: ["renewed"], organization: Fixture.organization, url: Fixture.url)
    #expect(fixture.verify(renewed).identity?.isRetired == false)
    #expect(fixture.verify(try fixture.goodToken).identity?.isRetired == false)
    directory.configure(policy([listed]))
    #expect(fixture.verify(renewed).identity?.isRetired == false)
    directory.accept(nonces: [], organization: Fixture.organization, url: Fixture.url)
    #expect(fixture.refusal(renewed)?.problem == .notCurrent)
  }

  @Test("a tenant that takes any nonce goes on to do so when its data source is renewed")
  func anyNonce() throws {
    directory.accept(nonces: ["renewed"], organization: Fixture.organization, url: Fixture.url)
    #expect(fixture.verify(try fixture.goodToken).identity != nil)
  }

  @Test("issuers that stay keep their keys, those that go are not asked any more, new ones are fetched")
  func issuers() async throws {
    let fetcher = RemoteKeySourceTests.GatedFetcher([.success(Array(fixture.issuer.keySetDocument.utf8))])
    let stays = try TrustedIssuer(issuer: fixture.issuer.issuer)
    let goes = try TrustedIssuer(issuer: "https://goes.example.com")
    let comes = try TrustedIssuer(issuer: "https://comes.example.com")
    let source = RemoteKeySource(issuers: [stays, goes], fetcher: fetcher, now: { [clock] in clock.now })
    await source.refresh()
    #expect(fetcher.fetches == 2)
    source.replace(issuers: [comes, stays])
    guard case .found = source.lookup(issuer: stays.issuer, keyID: fixture.issuer.keyID) else {
      Issue.record("the keys of the issuer that stays are gone")
      return
    }
    guard case .unknown = source.lookup(issuer: goes.issuer, keyID: fixture.issuer.keyID) else {
      Issue.record("the issuer that went is still asked")
      return
    }
    await source.refresh()
    #expect(fetcher.fetches == 3)
    #expect(source.status.map(\.issuer) == [comes.issuer, stays.issuer])
    // The same issuer with its keys elsewhere is another one.
    source.replace(issuers: [try TrustedIssuer(issuer: stays.issuer, keysURL: "https://elsewhere.example.com/keys")])
    #expect(!source.isReady)
  }
}
