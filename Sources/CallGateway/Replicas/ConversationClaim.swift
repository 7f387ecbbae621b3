import GRPCTransport
import Ownership

/// What was found out of whose a conversation is, before it begins here.
struct ConversationClaim {
  /// 0 where the store did not answer.
  var epoch: UInt64
  /// Turns of the caller with former owners.
  var turns: Int
  /// Whether it had another owner before.
  var isAdopted: Bool
  /// What the owner before has kept.
  var kept: KeptState?

  /// Nobody has it, and it is not to begin.
  static let nobody = Self(epoch: 0, turns: 0, isAdopted: false)
}

extension VoiceGateway {
  /// Why it cannot be found out who has a conversation, in words; `nil` while it can, or need not be.
  public var ownershipTrouble: String? { replicas?.keeper.trouble }

  /// The keeper knows from now on that the conversation is here.
  func own(
    _ session: LoopBound<any SessionHost>, _ status: SessionStatus, _ claim: ConversationClaim,
    _ keeper: OwnershipKeeper
  ) {
    keeper.began(
      status.key.ownershipKey,
      .init(
        epoch: claim.epoch, agent: status.agent, number: status.number,
        lost: { session.execute { $0.lostOwnership() } }, confirmed: { session.execute { $0.confirmedOwnership() } },
        turns: { claim.turns + status.turns }, kept: { status.kept?.text ?? "" }))
  }
}
