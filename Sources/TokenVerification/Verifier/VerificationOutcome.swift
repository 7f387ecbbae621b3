/// What a call's `authorization` metadata is worth.
public enum VerificationOutcome: Sendable, Hashable {
  /// The token is good.
  case accepted(Identity)
  /// The token is not.
  case refused(TokenRefusal)
  /// The issuer's keys are not known and cannot be had now: the call may be tried again.
  case keysUnavailable(issuer: String)
  /// The issuer's keys have to be fetched first: use the asynchronous form.
  case pending(issuer: String)

  /// The status with which to end the call, nil if it is accepted. "Pending" counts as unavailable.
  public var denial: GateStatus? {
    switch self {
    case .accepted: nil
    case .refused(let refusal): refusal.status
    case .keysUnavailable, .pending: .unavailable
    }
  }
}
