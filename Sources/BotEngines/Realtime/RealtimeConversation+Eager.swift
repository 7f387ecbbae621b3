import BotEngine

// Eager ends: the response to a turn that may be over is prepared, and leaves nothing where the caller goes on.

extension RealtimeConversation {
  /// Something is known of the end of the caller's turn.
  mutating func receive(_ event: TurnEvent, now: Duration) -> [Action] {
    let actions =
      switch event {
      case .mayBeOver: mayBeOver()
      case .resumed: resumed()
      case .over: over()
      }
    settleCancelDeadline(now)
    return actions
  }

  private mutating func mayBeOver() -> [Action] {
    // A call of `collect_digits` can be answered only once: not on a guess.
    guard isReady, !session.detectsTurns, collecting == nil, guesses.mayOpen, hasEnough else { return [] }
    guesses.open()
    return commit() + beginTurn()
  }

  /// The caller goes on: the server is to forget the answer and the half turn, and gets the turn so far as it began.
  private mutating func resumed() -> [Action] {
    guard guesses.isOpen else { return [] }
    wanted = (nil, false)
    items = []
    flood.reset()
    let response: String? = if case .active(let id) = answer { id } else { nil }
    let isUnnamed = answer == .requested
    var actions = cancelled() + deletions(guesses.drop(response: response, isUnnamed: isUnnamed))
    if uncommitted > 0 { actions.append(.send(RealtimeClientEvent.clear())) }
    actions += guesses.pieces.map { .send(RealtimeClientEvent.append($0)) }
    uncommitted = guesses.samples
    return actions
  }

  /// What the response asked for is done now; a turn that was not guessed at is answered now.
  private mutating func over() -> [Action] {
    guard guesses.isOpen else { return speechEnded() }
    let calls = guesses.close()
    return calls.isEmpty ? [] : carryOut(calls)
  }

  func deletions(_ items: [String]) -> [Action] { items.map { .send(RealtimeClientEvent.delete(item: $0)) } }
}
