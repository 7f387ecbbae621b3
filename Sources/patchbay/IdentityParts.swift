import Foundation
import GatewayConfiguration
import Logging
import ReplayKit
import TokenVerification

/// Who verifies tokens, with which keys. The embedded demo has an issuer of its own.
struct IdentityParts: Sendable {
  let verifier: TokenVerifier
  /// What the verifier asks of tokens; changed through this alone.
  let tenants: TenantDirectory
  /// Where the demo's token was written.
  let demoTokenPath: String?
  private let remote: RemoteKeySource?

  init(_ configuration: Configuration, log: Logger) throws {
    if configuration.isDemo {
      let issuer = try DevelopmentIssuer()
      let tenant = try Self.demoTenant()
      let policy = ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant])
      verifier = TokenVerifier(policy: policy, keys: issuer.keySource)
      tenants = TenantDirectory(verifier)
      remote = nil
      let token = try issuer.mint(issuer.claims(for: tenant, lifetime: 86_400))
      demoTokenPath = try DemoToken.write(token)
    } else {
      let remote = RemoteKeySource(issuers: try configuration.identity.trustedIssuers(), logger: log)
      self.remote = remote
      verifier = TokenVerifier(policy: try configuration.claimPolicy(), keys: remote)
      tenants = TenantDirectory(verifier)
      tenants.revoke(try configuration.identity.revocationsOfFile(), by: .file)
      demoTokenPath = nil
    }
  }

  /// The organization of the embedded demo.
  private static func demoTenant() throws -> Tenant {
    try Tenant(
      organization: "00000000-0000-4000-8000-000000000000", name: "Demo", url: "http://localhost:50051")
  }

  /// Whether tokens can be verified.
  var isReady: Bool { remote?.isReady ?? true }

  /// Trusts these issuers from now on; the keys of new ones are fetched in the background. Not for the demo, whose issuer
  /// is its own.
  func trust(_ issuers: [TrustedIssuer]) {
    guard let remote else { return }
    remote.replace(issuers: issuers)
    Task { await remote.refresh() }
  }

  /// Fetches keys and keeps them fresh until the task is cancelled.
  func keepKeysFresh() async { await remote?.run() }

  /// Keeps the metrics of the keys up to date until the task is cancelled.
  func keepKeyFigures() async {
    guard let remote else { return }
    var figures = KeySetFigures()
    while !Task.isCancelled {
      figures.record(remote.status)
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
