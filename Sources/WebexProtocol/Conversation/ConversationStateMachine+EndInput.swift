// The bot ends the caller's turn: it says so, or it begins to answer.

extension ConversationStateMachine {
  /// Whether a bot that says that the caller has finished speaks of what the caller says now.
  public func mayEndInput(turn endedTurn: Int) -> Bool {
    // One that knows nothing of the guess yet means the same speech.
    guard isSpeaking, !eager.isDropped(endedTurn) else { return false }
    return endedTurn >= (eager.turn.map { $0 - 1 } ?? turn)
  }

  /// Whether a bot that may end the caller's turn by its answer has begun one: 100 ms of audio, or a text.
  public func isAnswered(turn endedTurn: Int) -> Bool {
    settings.botEndsTurn && mayEndInput(turn: endedTurn) && hasSpoken
  }

  /// The bot has ended the caller's turn, or might have in another moment. What it said before is the beginning of its
  /// answer, and what it says before it learns that the turn is over is the rest.
  public mutating func inputEnded(offset: Int, now: Duration) -> [ConversationAction] {
    let ended = turn
    endSpeech(offset: offset, now: now)
    if !isClosed, turn == ended + 1 { endedTurn = ended }
    flush(now: now)
    return taken()
  }

  /// The turn that a command of a turn belongs to.
  public func turn(of commandTurn: Int) -> Int {
    guard let endedTurn, commandTurn == endedTurn, turn == endedTurn + 1 else { return commandTurn }
    return turn
  }
}
