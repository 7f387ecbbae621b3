import Locking
public import Recordings

/// Which calls are recorded, and by what.
public final class CallRecordings: Sendable {
  /// Who may be recorded. A tenant's or an agent's no is final; else one yes is enough.
  public struct Policy: Sendable, Equatable {
    /// What holds where neither the tenant nor the agent says anything.
    public var standard: Bool
    /// What organizations say.
    public var organizations: [String: Bool]

    /// A policy; without more, nobody is recorded.
    public init(standard: Bool = false, organizations: [String: Bool] = [:]) {
      self.standard = standard
      self.organizations = organizations
    }

    /// Whether a call is recorded; `agent` is what its agent says.
    public func records(organization: String, agent: Bool?) -> Bool {
      let tenant = organizations[organization]
      if tenant == false || agent == false { return false }
      return tenant == true || agent == true || standard
    }
  }

  /// The recordings themselves.
  public let service: RecordingService
  /// Samples a second.
  public let sampleRate: Int
  private let policyBox: Locked<Policy>

  /// Recordings of the calls that the policy names.
  public init(service: RecordingService, policy: Policy, sampleRate: Int = 8_000) {
    self.service = service
    self.sampleRate = sampleRate
    policyBox = Locked(policy)
  }

  /// Who may be recorded; what is set holds for the calls that begin from then on.
  public var policy: Policy {
    get { policyBox.withLock { $0 } }
    set { policyBox.withLock { $0 = newValue } }
  }

  /// A recorder for a call that begins now; `nil` where it is not to be recorded.
  func recorder(for key: ConversationKey, agent: Agent) -> CallRecorder? {
    guard policy.records(organization: key.organization, agent: agent.isRecorded) else { return nil }
    return service.record(
      RecordingPlan(
        organization: key.organization, conversation: key.conversation, agent: agent.id, sampleRate: sampleRate))
  }
}
