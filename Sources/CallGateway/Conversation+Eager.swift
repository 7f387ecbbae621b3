import BotEngine
import WebexProtocol

// Eager ends: what the bot prepares while the caller's turn may be over.

extension Conversation {
  /// Tells the bot what is known of the end of the caller's turn. To all others a turn that is over has ended as any.
  func tell(_ event: TurnEvent, turn: Int) {
    switch event {
    case .mayBeOver:
      // What the bot needs for its answer counts from here.
      handedOver = (turn, loop.now)
      record("turn_may_be_over")
    case .resumed: record("turn_resumed")
    case .over(let offset):
      show(.speechEnded(offset: offset))
      record(.speechEnded(offset: offset))
    }
    events.deliver(event, turn: turn)
    guard case .over(let offset) = event else { return }
    trace?.told(
      .speechEnded(offset: offset), turn: turn, position: speech?.position, silence: turnEnded?.silence, now: loop.now)
  }

  /// The caller's turn is over: what the bot prepared is carried out as if it came now.
  func release(turn: Int) {
    let (commands, departure) = machine.takeReleased()
    for command in commands { carryOut(command, turn: turn) }
    if let departure { perform(machine.botLeft(isInOrder: departure, now: loop.now)) }
  }
}
