public import BotEngine

// Eager ends: the bot prepares its answer while the caller's turn may be over, and nothing of it is carried out before.

extension ConversationStateMachine {
  /// The detector heard the caller pause: their turn may be over.
  public mutating func speechPaused(offset: Int, now: Duration) -> [ConversationAction] {
    // A bot that has taken its leave has nothing more to answer.
    guard !isClosed, isSpeaking, eager.mayGuess, answer.ending?.isTerminal != true else { return [] }
    turn += 1
    eager.guess(turn: turn)
    actions.append(.tellTurn(.mayBeOver(offset: offset), turn: turn))
    return taken()
  }

  /// The detector heard the caller go on.
  public mutating func speechResumed(now: Duration) -> [ConversationAction] {
    guard !isClosed else { return [] }
    dropEagerAnswer()
    return taken()
  }

  /// Whether a command of this turn is not carried out now: it answers a guess that is open, and is held, or one that was
  /// given up, and is dropped.
  public func withholds(turn: Int) -> Bool { eager.holds(turn) || eager.isDropped(turn) }

  /// How often the bot was told that a turn may be over, and what became of its answers.
  public var eagerAnswers: (begun: Int, used: Int, dropped: Int) {
    (eager.counts.begun, eager.counts.used, eager.counts.dropped)
  }

  /// What was held of an answer, to be carried out now (``ConversationAction/release(turn:)``); and whether the bot has
  /// left meanwhile, and how.
  public mutating func takeReleased() -> (commands: [BotCommand], departure: Bool?) { eager.release() }

  mutating func withhold(_ command: BotCommand, turn commandTurn: Int) {
    guard eager.holds(commandTurn) else { return dropEager([command]) }
    if case .clear = command {
      dropEager(eager.clear())
    } else if !eager.hold(command, limit: settings.maximumQueuedBytes - answer.queuedBytes) {
      drops.overflowedOutputs += 1
      drops.overflowedMilliseconds += command.milliseconds
      if let mark = command.markName { tellDropped([mark]) }
    }
  }

  /// The guess turns out to be wrong, or other input took the turn's place: the bot is told, and what it says for it is
  /// dropped.
  mutating func dropEagerAnswer() {
    guard eager.turn != nil else { return }
    let dropped = eager.drop()
    turn += 1
    actions.append(.tellTurn(.resumed, turn: turn))
    dropEager(dropped)
  }

  mutating func dropEager(_ commands: [BotCommand]) {
    for command in commands where command.outputBytes > 0 {
      drops.resumedOutputs += 1
      drops.resumedMilliseconds += command.milliseconds
    }
    tellDropped(commands.compactMap(\.markName))
  }
}
