import CallTraces
import Foundation
import GatewayConfiguration
import Logging
import ReplayKit
import TokenVerification

/// Who verifies tokens, with which keys: those of the issuers that are configured, or of an issuer of the server's own.
struct IdentityParts: Sendable {
  let verifier: TokenVerifier
  /// What the verifier asks of tokens; changed through this alone.
  let tenants: TenantDirectory
  /// The server's own issuer with the tenant that its tokens are for; `nil` where others issue the tokens.
  private let development: (issuer: DevelopmentIssuer, tenant: Tenant)?
  private let remote: RemoteKeySource?

  /// How long a token of the server's own issuer lives, in seconds: as long as Webex's at most.
  private static let lifetime: Int64 = 86_400

  init(_ configuration: Configuration, tracer: SpanRecorder?, log: Logger) throws {
    let policy = try configuration.claimPolicy()
    if configuration.identity.isDevelopment {
      let issuer = try DevelopmentIssuer()
      verifier = TokenVerifier(policy: policy, keys: issuer.keySource)
      remote = nil
      development = (issuer, try configuration.identity.acceptedTenants().first ?? Configuration.Tenant.demo.tenant())
    } else {
      let fetcher: any KeySetFetcher = tracer.map { TracedKeySetFetcher(recorder: $0) } ?? CurlKeySetFetcher()
      let remote = RemoteKeySource(
        issuers: try configuration.identity.trustedIssuers(), fetcher: fetcher, logger: log)
      self.remote = remote
      verifier = TokenVerifier(policy: policy, keys: remote)
      development = nil
    }
    tenants = TenantDirectory(verifier)
    tenants.revoke(try configuration.identity.revocationsOfFile(), by: .file)
  }

  /// A token of the server's own issuer; `nil` where others issue the tokens.
  private func makeToken() throws -> String? {
    guard let development else { return nil }
    let claims = development.issuer.claims(for: development.tenant, lifetime: Self.lifetime)
    return try development.issuer.mint(claims)
  }

  /// Whether tokens are made here.
  var isDevelopment: Bool { development != nil }

  /// The tenants whose tokens are accepted.
  var acceptedTenants: [Tenant] { verifier.policy.tenants }

  /// A token of the server's own issuer for an organization's calls, for an hour; `nil` where others issue the tokens or
  /// there is no such tenant.
  func makeToken(organization: String) throws -> String? {
    guard let development, let tenant = acceptedTenants.first(where: { $0.organization == organization }) else {
      return nil
    }
    return try development.issuer.mint(development.issuer.claims(for: tenant))
  }

  /// Leaves a token of the server's own issuer where `patchbay call` finds it; `nil` where others issue the tokens.
  func leaveToken(port: Int) throws -> DemoToken.Kept? {
    guard let token = try makeToken() else { return nil }
    return try DemoToken.keep(token, port: port)
  }

  /// Replaces that token long before it ends, until the task is cancelled.
  func keepTokenFresh(_ kept: DemoToken.Kept, log: Logger) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(Self.lifetime / 2))
      guard !Task.isCancelled else { return }
      do {
        if let token = try makeToken() { try kept.replace(token) }
      } catch { log.error("the token for calls from this machine cannot be renewed: \(error)") }
    }
  }

  /// Whether tokens can be verified.
  var isReady: Bool { remote?.isReady ?? true }

  /// Trusts these issuers from now on; the keys of new ones are fetched in the background. Not where the issuer is the
  /// server's own.
  func trust(_ issuers: [TrustedIssuer]) {
    guard let remote else { return }
    remote.replace(issuers: issuers)
    Task { await remote.refresh() }
  }

  /// Fetches keys and keeps them fresh until the task is cancelled.
  func keepKeysFresh() async { await remote?.run() }

  /// The state of each issuer's keys; none where the issuer is the server's own.
  var keyStatus: [RemoteKeySource.Status] { remote?.status ?? [] }
}
