import BotEngine

/// What the bot answers to a turn of the caller's that may be over: kept, and carried out only once the turn is over.
///
/// The bot is told that the turn may be over, and its commands for that guess are held. Either the turn is over and they
/// are taken, or the caller goes on and they are dropped, with what still comes of them.
struct EagerAnswer {
  /// Guesses in one turn of the caller's: a caller who speaks haltingly must not start the bot in vain without end.
  static let maximumGuesses = 3
  /// Commands that are held at once; their texts and audio are bounded with the rest of the conversation's output.
  static let maximumCommands = 4096
  /// Dropped guesses whose late commands are still known as such.
  private static let maximumDroppedTurns = 1024

  /// What was answered so, for the metrics.
  struct Counts: Equatable {
    /// Guesses that the bot was told of.
    var begun = 0
    /// Those whose answer was let go, the turn being over.
    var used = 0
    /// Those that were given up.
    var dropped = 0
  }

  /// The turn of the guess that is open; `nil` where there is none.
  private(set) var turn: Int?
  private(set) var counts = Counts()
  /// Bytes of texts and audio that are held.
  private(set) var heldBytes = 0
  /// The bot left while its answer was held: whether in good order.
  private var departure: Bool?
  private var commands: [BotCommand] = []
  private var guesses = 0
  private var droppedTurns: [Int] = []

  /// Whether another guess is worth making in this turn.
  var mayGuess: Bool { turn == nil && departure == nil && guesses < Self.maximumGuesses }

  /// Whether a command of a turn belongs to the open guess.
  func holds(_ commandTurn: Int) -> Bool { turn.map { commandTurn >= $0 } ?? false }

  /// Whether a turn was a guess that was given up.
  func isDropped(_ commandTurn: Int) -> Bool { droppedTurns.contains(commandTurn) }

  /// The caller begins to speak.
  mutating func begin() { guesses = 0 }

  /// The caller's turn may be over: what the bot answers in `turn` is held.
  mutating func guess(turn: Int) {
    self.turn = turn
    guesses += 1
    counts.begun += 1
  }

  /// Keeps a command.
  ///
  /// - Parameter limit: bytes of output that may be held.
  /// - Returns: whether there was room.
  mutating func hold(_ command: BotCommand, limit: Int) -> Bool {
    let size = command.outputBytes
    guard size <= limit, heldBytes <= limit - size, commands.count < Self.maximumCommands else { return false }
    heldBytes += size
    commands.append(command)
    return true
  }

  /// Drops the output that is held, as the bot asks: it says something else instead. Gives what was dropped.
  mutating func clear() -> [BotCommand] {
    let output = commands.filter(\.isOutput)
    commands.removeAll(where: \.isOutput)
    heldBytes = 0
    return output
  }

  /// The caller has gone on. Gives what was dropped.
  mutating func drop() -> [BotCommand] {
    guard let turn else { return [] }
    self.turn = nil
    counts.dropped += 1
    droppedTurns.append(turn)
    if droppedTurns.count > Self.maximumDroppedTurns { droppedTurns.removeFirst() }
    return empty()
  }

  /// The turn is over: what was held is now to be carried out.
  ///
  /// - Returns: whether a guess was open.
  mutating func settle() -> Bool {
    guard turn != nil else { return false }
    turn = nil
    counts.used += 1
    return true
  }

  /// The bot's part is over. It is dealt with when the caller's turn is over.
  ///
  /// - Returns: whether it waits for that; where not, it is dealt with at once.
  mutating func botLeft(isInOrder: Bool) -> Bool {
    guard turn != nil else { return departure != nil }
    departure = isInOrder
    return true
  }

  /// Whether there is something to carry out, the turn being over.
  var hasRelease: Bool { turn == nil && (!commands.isEmpty || departure != nil) }

  /// Takes what was held, and whether the bot has left since, and how.
  mutating func release() -> (commands: [BotCommand], departure: Bool?) {
    defer { departure = nil }
    return (empty(), departure)
  }

  private mutating func empty() -> [BotCommand] {
    defer {
      commands = []
      heldBytes = 0
    }
    return commands
  }
}

extension BotCommand {
  /// Bytes of what the caller is to get of it.
  var outputBytes: Int {
    switch self {
    case .audio(let audio): if case .mulaw(let bytes) = audio.content { bytes.count } else { 0 }
    case .text(let text, _, _), .transcript(_, let text): text.utf8.count
    default: 0
    }
  }

  /// Whether `clear` drops it.
  fileprivate var isOutput: Bool {
    switch self {
    case .audio, .text, .mark: true
    default: false
    }
  }

  /// How long its audio plays.
  var milliseconds: Int { if case .audio(let audio) = self { audio.milliseconds } else { 0 } }

  /// The mark that it is.
  var markName: String? { if case .mark(let name) = self { name } else { nil } }
}
