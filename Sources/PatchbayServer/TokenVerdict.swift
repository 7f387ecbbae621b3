package import TokenVerification

/// What a server makes of one token, as a line of JSON.
package struct TokenVerdict: Codable, Sendable {
  package var accepted: Bool
  /// Whether the tenant is gone from the configuration: calls that are up go on, no new one begins.
  package var isRetired: Bool?
  /// The tenant's name, of a token that is accepted.
  package var tenant: String?
  /// The tenant's organization.
  package var org: String?
  /// The check that failed, of a token that is not.
  package var check: String?
  /// The field it is about.
  package var field: String?
  /// What is wrong, without any text of the token.
  package var reason: String?
  /// What to do about it.
  package var advice: String?

  package init(isAccepted: Bool) { accepted = isAccepted }

  package init(_ outcome: VerificationOutcome) {
    switch outcome {
    case .accepted(let identity) where identity.isRetired:
      accepted = false
      isRetired = true
      check = TokenRefusal.Check.tenant.rawValue
      reason = "the tenant, or this registration of it, is not in the server's configuration any more"
      advice = "Calls that are up go on; no new one begins with this token."
    case .accepted(let identity):
      accepted = true
      tenant = identity.tenantName
      org = identity.organization
    case .refused(let refusal):
      accepted = false
      check = refusal.check.rawValue
      field = refusal.field?.rawValue
      reason = refusal.description
      advice = refusal.advice
    case .keysUnavailable, .pending:
      accepted = false
      check = "keys"
      reason = "the issuer's keys could not be had"
      advice = "Is the issuer's keys_url reachable from here? Trying again later can help."
    }
  }
}
