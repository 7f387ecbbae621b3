public import BotEngine

/// The rules of a conversation: one call, many RPCs, turns of caller and bot.
///
/// A pure value: inputs and a clock in, actions out. Whoever owns it carries the actions out in their order. Times are
/// durations since any fixed moment. The rules are those of Cisco's BYOVA interface: an RPC is one interaction, and a
/// half-close means that the caller's part of the interaction is over, never that the call is.
public struct ConversationStateMachine: Sendable {
  /// What an agent's configuration sets for its conversations.
  public struct Settings: Sendable, Equatable {
    /// How answers are sent.
    public var mode: ResponseMode
    /// Sizes of the audio's pieces in CHUNK mode.
    public var chunks: ChunkSizes
    /// How the platform listens until the bot says otherwise.
    public var turn: TurnSettings
    /// Bytes of output that may wait to be sent. Beyond them output is dropped and counted; in WAV mode an answer that
    /// does not fit is a failure of the bot.
    public var maximumQueuedBytes: Int
    /// With this many bytes waiting the bot is asked to pause.
    public var fullBytes: Int
    /// Output beyond this much unplayed audio waits in the conversation, where an interruption can still drop it.
    public var maximumAhead: Duration
    /// Where speech over a prompt pauses it until it is clear that the caller interrupts: how much of a prompt may be sent
    /// ahead of what is heard. In CHUNK mode only. `nil`: speech stops a prompt.
    public var pauseAhead: Duration?
    /// Whether the bot's first words end the caller's turn: it has a detector of its own.
    public var botEndsTurn = false
    /// Time to the bot's first output after the caller's turn; then the caller is transferred.
    public var answerTimeout: Duration
    /// Time without any open RPC after which the conversation is taken for dead.
    public var idleTimeout: Duration
    /// Time after which a conversation is taken for dead whose last RPC was lost instead of completed.
    public var lostTimeout: Duration
    /// The longest a conversation may last; then the caller is transferred.
    public var maximumLength: Duration
    /// What a caller is given whose bot has failed.
    public var fallback: Fallback
    /// What the caller hears while the bot thinks; in CHUNK mode only, since a WAV answer is one response.
    public var filler: Filler?

    /// Settings; the defaults are the product's.
    public init(
      mode: ResponseMode = .wav, chunks: ChunkSizes = ChunkSizes(), turn: TurnSettings = TurnSettings(),
      maximumQueuedBytes: Int = 262_144, fullBytes: Int? = nil, maximumAhead: Duration = .seconds(10),
      answerTimeout: Duration = .seconds(5), idleTimeout: Duration = .seconds(600),
      lostTimeout: Duration = .seconds(60),
      maximumLength: Duration = .seconds(4 * 3600), fallback: Fallback = Fallback(), filler: Filler? = nil,
      pauseAhead: Duration? = nil
    ) {
      self.mode = mode
      self.chunks = chunks
      self.turn = turn
      self.maximumQueuedBytes = maximumQueuedBytes
      self.fullBytes = min(fullBytes ?? maximumQueuedBytes / 4 * 3, maximumQueuedBytes)
      self.maximumAhead = maximumAhead
      self.answerTimeout = answerTimeout
      self.idleTimeout = idleTimeout
      self.lostTimeout = lostTimeout
      self.maximumLength = maximumLength
      self.fallback = fallback
      self.filler = filler
      self.pauseAhead = pauseAhead
    }
  }

  /// What a caller is given whose bot has failed.
  public struct Fallback: Sendable, Equatable {
    /// What the caller hears.
    public enum Prompt: Sendable, Equatable {
      /// Nothing.
      case none
      /// Mu-law at 8,000 Hz.
      case audio([UInt8])
      /// Text for the platform's own text to speech.
      case text(String)
    }

    /// What the caller hears.
    public var prompt: Prompt
    /// Whether the call ends then, instead of the caller being handed to a human agent.
    public var endsCall: Bool

    /// Nothing is said and the caller is transferred, unless told otherwise.
    public init(prompt: Prompt = .none, endsCall: Bool = false) {
      self.prompt = prompt
      self.endsCall = endsCall
    }
  }

  /// What was left out, for the metrics: how many outputs, and how much audio they had, in milliseconds.
  public struct Drops: Sendable, Equatable {
    /// Output of turns that the caller had interrupted.
    public var staleOutputs = 0
    /// Audio of it.
    public var staleMilliseconds = 0
    /// Output that came after the bot had taken its leave.
    public var lateOutputs = 0
    /// Audio of it.
    public var lateMilliseconds = 0
    /// Output for a turn that might have been over when the caller went on.
    public var resumedOutputs = 0
    /// Audio of it.
    public var resumedMilliseconds = 0
    /// Output beyond the queue's bound.
    public var overflowedOutputs = 0
    /// Audio of it.
    public var overflowedMilliseconds = 0
    /// Events of a kind this version does not know.
    public var unknownEvents = 0
  }

  struct RPC: Equatable {
    let id: RPCID
    var carriesAudio = false
    var isHalfClosed = false
    var saidStart = false
    /// It asked for the greeting, and waits for what becomes of the one that goes to another RPC.
    var awaitsGreeting = false
  }

  enum Greeting: Equatable {
    case none
    case inProgress(RPCID)
    /// Sent whole; whether it arrives is still open until ``greetingSettled(_:isDelivered:now:)``.
    case sent(RPCID)
    case done
    case failed
  }

  /// RPCs that one conversation may have open; the platform needs two.
  static let maximumRPCs = 8

  let settings: Settings
  /// How prompts are held back so that they can be paused, and what is sent at once then.
  let pacer: Pacer?
  let chunks: ChunkSizes
  let began: Duration
  var rpcs: [RPC] = []
  /// The newest audio RPC: what is heard on it counts.
  var listener: RPCID?
  /// The RPC that the current answer goes to.
  var answerer: RPCID?
  var greeting = Greeting.none
  var answer = Answer()
  /// What the bot prepares while the caller's turn may be over.
  var eager = EagerAnswer()
  var answerDeadline: Duration?
  /// When the caller began to wait for the answer.
  var answerBegan: Duration = .zero
  /// The answer's audio when its deadline was last put off, in bytes.
  var audioAtDeadline = 0
  var playout = PlayoutClock()
  /// What is heard, or will be, until the bot speaks.
  var filling: Filling?
  /// Since when prompts are held back, because the caller may have begun to speak.
  var heldSince: Duration?
  /// The words of the turn's audio.
  var spoken = SpokenText()
  /// Marks in audio that was sent, in the order in which they are played.
  var marks: [PlayoutMark] = []
  var lastActivity: Duration
  /// Set once the conversation's time is up, until the caller comes for the transfer.
  var leaving: Leaving?
  /// Since when no RPC is open, the last one having been lost: connection gone, or cancelled. `nil` otherwise.
  public internal(set) var lostSince: Duration?
  var transcript: [String] = []
  var transcriptBytes = 0
  var actions: [ConversationAction] = []

  /// The turn of the caller's that the bot has ended: what it still says for it is of the turn that follows.
  var endedTurn: Int?
  /// Number of the current turn; output of an earlier one is dropped.
  public internal(set) var turn = 0
  /// The caller is speaking: START_OF_INPUT was sent and END_OF_INPUT was not.
  public internal(set) var isSpeaking = false
  /// When the caller began to key digits that have not arrived yet.
  var keyingSince: Duration?
  /// Digits that have arrived and may be followed by more.
  var entry: DigitEntry?
  /// What the caller says now must not be recorded, stored or logged.
  public internal(set) var isSensitive = false
  /// How the caller's input is taken.
  public internal(set) var current: TurnSettings
  /// Nothing more happens.
  public internal(set) var isClosed = false
  /// What was left out so far.
  public internal(set) var drops = Drops()
  /// The bot failed because a WAV answer of its was longer than one may be.
  public internal(set) var isAnswerTooLong = false

  /// A conversation that begins now.
  public init(settings: Settings, now: Duration) {
    self.settings = settings
    pacer = settings.mode == .chunk ? settings.pauseAhead.map { Pacer(bound: $0) } : nil
    chunks = pacer.map { settings.chunks.paced($0) } ?? settings.chunks
    self.current = settings.turn
    self.began = now
    self.lastActivity = now
  }

  // MARK: Inputs

  /// The actions since the last call.
  mutating func taken() -> [ConversationAction] {
    defer { actions.removeAll() }
    return actions
  }

  /// A message arrived on an RPC; never on one that was completed.
  public mutating func received(_ input: CallerInput, on rpc: RPCID, now: Duration) -> [ConversationAction] {
    lastActivity = now
    guard !isClosed else { return [.finish(rpc, .ok)] }
    if !rpcs.contains(where: { $0.id == rpc }) {
      guard rpcs.count < Self.maximumRPCs else { return [.finish(rpc, .tooManyCalls)] }
      rpcs.append(RPC(id: rpc))
    }
    lostSince = nil
    if !handOverWaiting(input, now: now) { caller(input, on: rpc, now: now) }
    return taken()
  }

  /// The caller's part of an RPC is over.
  public mutating func halfClosed(_ rpc: RPCID, speechOffset: Int, now: Duration) -> [ConversationAction] {
    lastActivity = now
    callerDone(rpc, speechOffset: speechOffset, now: now)
    return taken()
  }

  /// An RPC is gone without our having completed it: cancelled, timed out, connection lost.
  public mutating func lost(_ rpc: RPCID, now: Duration) -> [ConversationAction] {
    lastActivity = now
    callerLost(rpc, now: now)
    return taken()
  }

  /// Whether the owner is to say of a completed RPC whether the client had all of it.
  public func awaitsDelivery(on rpc: RPCID) -> Bool { greeting == .sent(rpc) }

  /// The RPC of the greeting is over: the client has all of it, or the RPC broke before.
  public mutating func greetingSettled(_ rpc: RPCID, isDelivered: Bool, now: Duration) -> [ConversationAction] {
    guard !isClosed, greeting == .sent(rpc) else { return [] }
    greeting = isDelivered ? .done : .failed
    answerRepeatedStarts(now: now)
    return taken()
  }

  /// The detector heard the caller begin to speak.
  public mutating func speechStarted(offset: Int, now: Duration) -> [ConversationAction] {
    beginSpeech(offset: offset, now: now)
    return taken()
  }

  /// The detector heard the caller stop.
  public mutating func speechEnded(offset: Int, now: Duration) -> [ConversationAction] {
    // A bot with a detector of its own may be about to answer.
    if settings.botEndsTurn { return inputEnded(offset: offset, now: now) }
    endSpeech(offset: offset, now: now)
    return taken()
  }

  /// The bot does something.
  ///
  /// - Parameter command: its audio is mu-law, which the owner has made of any other. ``BotCommand/endInput`` and
  ///   ``BotCommand/keep(_:)`` are the owner's to carry out, who has the detector and the record: here they do nothing.
  /// - Parameter turn: that of the last event the bot had taken.
  public mutating func bot(_ command: BotCommand, turn: Int, now: Duration) -> [ConversationAction] {
    guard !isClosed else { return [] }
    if withholds(turn: turn) {
      withhold(command, turn: turn)
    } else {
      carryOut(command, turn: turn, now: now)
    }
    return taken()
  }

  /// The bot's part is over without its having said what becomes of the caller. Where it leaves while its answer is held,
  /// that takes effect when the caller's turn is over.
  ///
  /// - Parameter isInOrder: whether what it had said is heard first; where not, the bot failed, and what of it was not
  ///   sent yet is dropped.
  public mutating func botLeft(isInOrder: Bool, now: Duration) -> [ConversationAction] {
    guard !isClosed, !eager.botLeft(isInOrder: isInOrder) else { return [] }
    fallBack(afterWords: isInOrder, now: now)
    return taken()
  }

  /// Time has passed.
  public mutating func tick(now: Duration) -> [ConversationAction] {
    guard !isClosed else { return [] }
    if let entry, entry.deadline <= now { completeEntry(now: now) }
    if let deadline = answerDeadline, deadline <= now {
      // A bot that has spoken has made its point; one that has not has failed.
      if hasSpoken { carryOut(.endTurn(nil), turn: turn, now: now) } else { fallBack(now: now) }
    }
    if !isClosed, began + settings.maximumLength <= now {
      leave(.tooLong, completion: .ok, grace: Self.graceOfTooLong, now: now)
    }
    if !isClosed, let leaving, leaving.deadline <= now {
      handOver(leaving.end, completion: leaving.completion, now: now)
    }
    if !isClosed, let lossDeadline, lossDeadline <= now { close(.lost) }
    if !isClosed, rpcs.isEmpty, lastActivity + settings.idleTimeout <= now { close(.idle) }
    if !isClosed, let pauseDeadline, pauseDeadline <= now { resume(now: now) }
    if !isClosed { flush(now: now) }
    if !isClosed { tellMarks(now: now) }
    return taken()
  }

  /// The server's time is up: the caller is handed to a human, and every RPC is completed as unavailable.
  ///
  /// - Parameter grace: what a caller without an open RPC is given, after the prompt that still plays, to come for the
  ///   transfer with the next one; `nil` waits for nobody.
  public mutating func shutDown(grace: Duration?, now: Duration) -> [ConversationAction] {
    guard !isClosed else { return [] }
    if let grace {
      leave(.shutdown, completion: .unavailable, grace: grace, now: now)
    } else {
      handOver(.shutdown, completion: .unavailable, now: now)
    }
    return taken()
  }

  /// What the caller of a conversation that has lasted too long is given to come for the transfer.
  private static let graceOfTooLong = Duration.seconds(30)
}
