import GRPCTransport
import Ownership
import WebexProtocol

extension Conversation {
  /// Decisions that may wait for the store's word after a pause of the process.
  private static let maximumWithheld = 4_096

  /// Keeps what was decided while it is not known whether the conversation is this replica's still.
  func isWithheld(_ actions: [ConversationAction], _ ownership: OwnershipKeeper) -> Bool {
    if isLost { return true }
    if withheld.isEmpty, ownership.mayAct { return false }
    if actions.isEmpty { return true }
    withheld += actions
    if withheld.count > Self.maximumWithheld { lostOwnership() }
    return true
  }

  /// After a pause of the process the conversation is known to be this replica's still.
  func confirmedOwnership() {
    let actions = withheld
    withheld = []
    perform(actions)
  }

  /// The server ends. Where nothing is under way and the bot can go on at another server, that one takes the conversation
  /// with the caller's next RPC; else it is tried again when the next RPC has ended.
  func handOut() {
    isHandedOut = true
    guard let ownership, agent.engine.resumes, !isLost, withheld.isEmpty, interactions.isEmpty,
      machine.isBetweenTurns(loop.now), ownership.handOut(key.ownershipKey, number: status.number)
    else { return }
    isLost = true
    bot?.cancel()
    _ = machine.giveUp(now: loop.now)
    close(.handedOver)
  }

  /// Another replica has the conversation by now: its RPCs end without a word more, its bot's task is cancelled without
  /// being told that the call is over, which it is not.
  func lostOwnership() {
    guard !isLost else { return }
    isLost = true
    withheld = []
    log.warning("the conversation is another server's by now", metadata: ["agent": "\(agent.id)"])
    for interaction in Array(interactions.values) {
      leave(interaction.id)
      interaction.line.finish(RPCStatus(.aborted, "another server has the conversation by now"))
    }
    bot?.cancel()
    _ = machine.giveUp(now: loop.now)
    close(.lost)
  }
}
