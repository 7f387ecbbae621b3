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
  /// The server's own issuer with the tenants that its tokens may be for; `nil` where others issue the tokens.
  private let development: (issuer: DevelopmentIssuer, tenants: [Tenant])?
  private let remote: RemoteKeySource?

  /// How long a token of the server's own issuer lives, in seconds: as long as Webex's at most.
  private static let lifetime: Int64 = 86_400

  init(_ configuration: Configuration, tracer: SpanRecorder?, log: Logger) throws {
    let policy = try configuration.claimPolicy()
    if configuration.identity.isDevelopment {
      let issuer = try DevelopmentIssuer()
      verifier = TokenVerifier(policy: policy, keys: issuer.keySource)
      remote = nil
      development = (issuer, try configuration.acceptedTenants())
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

  /// A token of the server's own issuer, for the first tenant that has a data source of this wire; `nil` where there is none,
  /// and where others issue the tokens.
  private func makeToken(_ wire: DemoToken.Wire) throws -> String? {
    guard let development else { return nil }
    let schema: SchemaID = wire == .grpc ? .voiceVirtualAgent : .voiceVirtualAgentSocket
    guard
      let tenant = development.tenants.first(where: { $0.schemas.contains(schema) })
        ?? (wire == .grpc ? development.tenants.first : nil)
    else { return nil }
    return try development.issuer.mint(
      development.issuer.claims(for: tenant, schema: schema, lifetime: Self.lifetime))
  }

  /// Whether tokens are made here.
  var isDevelopment: Bool { development != nil }

  /// The tenants whose tokens are accepted.
  var acceptedTenants: [Tenant] { verifier.policy.tenants }

  /// A token of the server's own issuer for an organization's calls, for an hour; `nil` where others issue the tokens or
  /// there is no such tenant with a data source of this schema.
  func makeToken(organization: String, schema: SchemaID) throws -> String? {
    guard let development,
      let tenant = acceptedTenants.first(where: { tenant in
        tenant.organization == organization && tenant.schemas.contains(schema)
      })
    else { return nil }
    return try development.issuer.mint(development.issuer.claims(for: tenant, schema: schema))
  }

  /// Leaves a token of the server's own issuer where `patchbay call` finds it; `nil` where there is none.
  func leaveToken(port: Int, _ wire: DemoToken.Wire) throws -> DemoToken.Kept? {
    guard let token = try makeToken(wire) else { return nil }
    return try DemoToken.keep(token, port: port, wire)
  }

  /// Replaces that token long before it ends, until the task is cancelled.
  func keepTokenFresh(_ kept: DemoToken.Kept, _ wire: DemoToken.Wire, log: Logger) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(Self.lifetime / 2))
      guard !Task.isCancelled else { return }
      do {
        if let token = try makeToken(wire) { try kept.replace(token) }
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
