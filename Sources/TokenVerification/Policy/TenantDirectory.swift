public import Basics
import Locking

/// Keeps a verifier's policy: put together, again with every change, of what the configuration says, of what is revoked
/// and of the nonces that data sources were renewed with.
public final class TenantDirectory: Sendable {
  /// Where revocations come from; each source replaces its own only.
  public enum RevocationSource: Sendable, Hashable, CaseIterable {
    /// The configuration itself.
    case configuration
    /// The file that the configuration names.
    case file
    /// An operator, while the process runs.
    case operatorCall
    /// Operators of other servers.
    case replicas
  }

  /// How long a tenant that is gone is remembered at the least: an RPC that was accepted before may still begin a
  /// conversation with its first message.
  public static let leastRetirement: Duration = .seconds(30)
  /// The nonces that may be revoked by calls of an operator.
  public static let maximumOperatorRevocations = 100_000

  private struct Registration: Hashable {
    var organization: String
    var url: String
  }

  private struct State {
    var issuers: [String] = []
    var clockSkew: Int64 = 30
    var configured: [Tenant] = []
    var renewed: [Registration: [String]] = [:]
    /// Tenants whose nonces are all known, though the configuration names none.
    var restricted: Set<Registration> = []
    var retired: [(tenant: Tenant, since: Duration)] = []
    var revoked: [RevocationSource: Set<ClaimPolicy.RevokedNonce>] = [:]

    /// The configured tenants with the nonces they were renewed with.
    var tenants: [Tenant] {
      configured.map { tenant in
        let registration = Registration(organization: tenant.organization, url: tenant.url)
        return tenant.accepting(renewed[registration] ?? [], only: restricted.contains(registration))
      }
    }

    var policy: ClaimPolicy {
      ClaimPolicy(
        issuers: issuers, tenants: tenants, retired: retired.map(\.tenant),
        revoked: revoked.values.reduce(into: []) { $0.formUnion($1) }, clockSkew: clockSkew)
    }
  }

  private let verifier: TokenVerifier
  private let now: @Sendable () -> Duration
  private let state: Locked<State>

  /// Takes over the policy of a verifier; from now on nobody else is to set it.
  public init(_ verifier: TokenVerifier, now: @escaping @Sendable () -> Duration = MonotonicClock.now) {
    self.verifier = verifier
    self.now = now
    let policy = verifier.policy
    state = Locked(
      State(
        issuers: policy.issuers, clockSkew: policy.clockSkew, configured: policy.tenants,
        revoked: [.configuration: policy.revoked]))
  }

  /// Puts what the configuration says in force. A tenant that is gone, or differs, is retired: the conversations of its
  /// organization that are up go on.
  public func configure(_ policy: ClaimPolicy) {
    change { state in
      let before = state.tenants
      state.issuers = policy.issuers
      state.clockSkew = policy.clockSkew
      state.configured = policy.tenants
      state.revoked[.configuration] = policy.revoked
      let registrations = Set(policy.tenants.map { Registration(organization: $0.organization, url: $0.url) })
      state.renewed = state.renewed.filter { registrations.contains($0.key) }
      state.restricted.formIntersection(registrations)
      let current = Set(state.tenants)
      state.retired.removeAll { current.contains($0.tenant) || before.contains($0.tenant) }
      let now = now()
      state.retired += before.filter { !current.contains($0) }.map { ($0, now) }
    }
  }

  /// Replaces what one source revokes.
  public func revoke(_ nonces: Set<ClaimPolicy.RevokedNonce>, by source: RevocationSource) {
    change { $0.revoked[source] = nonces }
  }

  /// Revokes one nonce more, from the next RPC on. False where an operator has revoked too many of them.
  public func revokeByOperator(_ nonce: ClaimPolicy.RevokedNonce) -> Bool {
    var isTaken = true
    change { state in
      isTaken = state.revoked[.operatorCall, default: []].count < Self.maximumOperatorRevocations
      if isTaken { state.revoked[.operatorCall, default: []].insert(nonce) }
    }
    return isTaken
  }

  /// Leaves a nonce that an operator has revoked to the other sources.
  public func leaveToOthers(_ nonce: ClaimPolicy.RevokedNonce) {
    change { _ = $0.revoked[.operatorCall]?.remove(nonce) }
  }

  /// Accepts the nonces that a data source was renewed with, beside those of the configuration; each call replaces the
  /// nonces of the call before. A tenant that takes any nonce goes on to do so, unless these are all there can be.
  ///
  /// - Parameters:
  ///   - nonces: the current one, and the one before it while tokens with it may still come.
  ///   - organization: the tenant's organization.
  ///   - url: the tenant's registered URL: an organization may have several.
  ///   - isAll: whether every good token has one of these nonces or of the configuration's: then others are refused.
  public func accept(nonces: [String], organization: String, url: String, isAll: Bool = false) {
    change { state in
      let registration = Registration(organization: organization, url: url)
      state.renewed[registration] = nonces
      if isAll, !nonces.isEmpty {
        state.restricted.insert(registration)
      } else {
        state.restricted.remove(registration)
      }
    }
  }

  /// Forgets retired tenants of organizations that have no conversation up.
  public func forgetRetired(except organizations: Set<String>) {
    let now = now()
    let isDue = state.withLock { state in
      state.retired.contains { Self.isOver($0, organizations, now) }
    }
    if isDue { change { $0.retired.removeAll { Self.isOver($0, organizations, now) } } }
  }

  /// Whether any tenant is retired.
  public var hasRetired: Bool { state.withLock { !$0.retired.isEmpty } }

  /// How many nonces are revoked, by any source.
  public var revocations: Int { verifier.policy.revoked.count }

  private static func isOver(
    _ entry: (tenant: Tenant, since: Duration), _ organizations: Set<String>, _ now: Duration
  ) -> Bool {
    now - entry.since >= leastRetirement && !organizations.contains(entry.tenant.organization)
  }

  /// The policy is set under the lock, so that of two changes at once the later one's policy stays.
  private func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      verifier.policy = state.policy
    }
  }
}
