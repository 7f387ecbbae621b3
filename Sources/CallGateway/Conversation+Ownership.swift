import GRPCTransport
import Ownership
import WebexProtocol

/// What came from the caller after a pause of the process, until it is known whose the conversation is: nothing of it is
/// for the bot before, and nothing of it is lost.
struct HeldInput {
  /// In the order of its coming; without a message it is the half-close.
  private(set) var items: [(rpc: RPCID, message: [UInt8]?)] = []
  private(set) var bytes = 0

  mutating func append(_ message: UnsafeRawBufferPointer?, from rpc: RPCID) {
    items.append((rpc, message.map { Array($0) }))
    bytes += message?.count ?? 0
  }
}

extension Conversation {
  /// Bytes of the caller's that may wait for the store's word.
  private static let maximumHeld = 262_144
  /// How long the caller is not read meanwhile, at a time.
  private static let readingPause = Duration.seconds(1)

  /// Keeps what the caller sends, or that nothing more comes, while it is not known whether the conversation is this
  /// replica's still.
  func isHeld(_ message: UnsafeRawBufferPointer?, of interaction: Interaction, _ ownership: OwnershipKeeper) -> Bool {
    if isLost { return true }
    if held.items.isEmpty, withheld.isEmpty, ownership.mayAct { return false }
    guard held.bytes + (message?.count ?? 0) <= Self.maximumHeld else {
      interaction.line.refuse(RPCStatus(.resourceExhausted, "more came than may wait until the call's server is known"))
      return true
    }
    held.append(message, from: interaction.id)
    interaction.line.pause(for: Self.readingPause)
    return true
  }

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
    let input = held
    held = HeldInput()
    for (rpc, message) in input.items {
      if let message { message.withUnsafeBytes { received($0, from: rpc) } } else { halfClosed(rpc) }
    }
    for interaction in interactions.values { interaction.line.pause(for: .zero) }
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
    held = HeldInput()
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
