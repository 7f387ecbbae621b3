/// What a bot does. Commands are carried out in order; output belongs to the turn of the last event that the bot took
/// from ``BotCall/events``, and is dropped if the caller has interrupted that turn since.
public enum BotCommand: Sendable {
  /// Plays audio. Consecutive audio of a turn is one prompt.
  case audio(BotAudio)
  /// Speaks text by the platform's own text to speech. For the last value see
  /// ``BotAudio/disablesPromptCancellation``.
  case text(String, bargeIn: Bool, disablesPromptCancellation: Bool = false)
  /// Drops the output of this turn that has not been sent yet.
  case clear
  /// The turn is complete: it is the caller's. Settings are how the platform shall listen; `nil` keeps the last ones.
  case endTurn(BotInputSettings?)
  /// Hands the caller to a human agent after what was said in this turn; with a summary and further data for the
  /// agent.
  case transfer(summary: String?, metadata: [String: BotValue])
  /// Ends the call after what was said in this turn.
  case end
  /// Settings for the next end of turn, where that names none.
  case inputSettings(BotInputSettings)
  /// An event for the flow designer, sent with the end of this turn.
  case customEvent(name: String, metadata: [String: BotValue])
  /// From the next answer on, what the caller says or keys must not be recorded, stored or logged (card numbers).
  case sensitive(Bool)
  /// A line of the conversation's transcript, for the human agent who takes over.
  case transcript(speaker: BotSpeaker, text: String)
  /// The caller has finished: ends their turn now, where they are speaking, instead of waiting for the silence that the
  /// gateway's own detector needs. ``CallerEvent/speechEnded(offset:)`` follows.
  case endInput
  /// The bot needs time, for a tool or a thought: after what it has said so far the caller hears the agent's filler, until
  /// the bot speaks or ends the turn. It is no answer: the time to the first of one goes on. Without effect where the
  /// agent has no filler, where it answers in WAV files, and in the caller's turn.
  case filler
  /// Asks for ``CallerEvent/mark(_:played:)`` when the caller has heard this turn's audio up to here.
  case mark(String)
  /// How far the bot has got, in words of its own of at most ``maximumKept`` bytes: the server keeps them with the call's
  /// record, where there is one that outlasts it, and a bot that goes on with the call at another server has them as
  /// ``CallInfo/kept``. Each replaces the former; an empty one, and one that is too long, leaves nothing. They stand in the
  /// store as they are, so nothing belongs there that must not be stored.
  case keep(String)
}

extension BotCommand {
  /// Bytes of what a bot may have kept.
  public static let maximumKept = 2_048
}

/// Who spoke a line of the transcript.
public enum BotSpeaker: String, Sendable {
  /// The caller.
  case caller
  /// The bot.
  case agent
}

/// Audio for the caller.
public struct BotAudio: Sendable {
  /// The samples.
  public enum Content: Sendable {
    /// G.711 mu-law at 8,000 Hz, as it goes to the platform: nothing is converted.
    case mulaw([UInt8])
    /// 16-bit linear samples, mono, at 4,000 to 192,000 Hz; 8,000, 16,000, 24,000 and 48,000 Hz are usual.
    case linear([Int16], sampleRate: Int)
  }

  /// The samples.
  public var content: Content
  /// Whether the caller may interrupt it.
  public var bargeIn: Bool
  /// Whether the platform is asked not to cancel what is said from here to the end of the turn when a later answer comes
  /// (`disable_prompt_cancellation`). It has nothing to do with the caller's interruptions.
  public var disablesPromptCancellation: Bool
  /// The words that are said in it, where they are known: an interruption is told in characters of them too. They are
  /// not spoken, sent or kept.
  public var text: String?

  /// Audio for the caller.
  public init(
    _ content: Content, bargeIn: Bool = true, disablesPromptCancellation: Bool = false, text: String? = nil
  ) {
    self.content = content
    self.text = text
    self.bargeIn = bargeIn
    self.disablesPromptCancellation = disablesPromptCancellation
  }
}

extension BotAudio {
  /// How long it plays, in whole milliseconds.
  public var milliseconds: Int {
    switch content {
    case .mulaw(let bytes): bytes.count / 8
    case .linear(let samples, let rate): samples.count * 1_000 / max(1, rate)
    }
  }
}

/// How the platform listens to the caller.
public struct BotInputSettings: Sendable, Equatable {
  /// What the caller may do.
  public enum Mode: String, Sendable {
    /// Speak.
    case voice
    /// Press keys; no audio reaches the bot.
    case digits
    /// Both.
    case voiceAndDigits
  }

  /// What the caller may do.
  public var mode: Mode
  /// The number of digits to collect.
  public var digitCount: Int?
  /// The key that ends an entry: 0-9, A-D, `*` or `#`.
  public var terminator: Character?
  /// Time without a further digit that ends an entry, in milliseconds.
  public var interDigitTimeout: Int?
  /// Time without speech or digits until ``CallerEvent/noInput``, in milliseconds.
  public var noInputTimeout: Int?
  /// Silence that ends the caller's turn, in milliseconds, instead of the agent's own setting.
  public var endSilence: Int?
  /// The longest utterance, in milliseconds, instead of the agent's own setting.
  public var maximumSpeech: Int?
  /// What the question asks the caller to say; with ``BotExpectation/digits``, ``digitCount`` is how many. It makes the
  /// end silence shorter or longer where the agent's adapts and ``endSilence`` is not given.
  public var expects: BotExpectation?

  /// Settings; what is not given stays at the platform's or the agent's default.
  public init(
    mode: Mode = .voiceAndDigits, digitCount: Int? = nil, terminator: Character? = nil, interDigitTimeout: Int? = nil,
    noInputTimeout: Int? = nil, endSilence: Int? = nil, maximumSpeech: Int? = nil,
    expects: BotExpectation? = nil
  ) {
    self.expects = expects
    self.mode = mode
    self.digitCount = digitCount
    self.terminator = terminator
    self.interDigitTimeout = interDigitTimeout
    self.noInputTimeout = noInputTimeout
    self.endSilence = endSilence
    self.maximumSpeech = maximumSpeech
  }
}

/// What a bot's question asks the caller to say, as far as it bears on when they have finished.
public enum BotExpectation: String, Sendable, Hashable, CaseIterable {
  /// Yes or no, or another short word: the answer may come soon.
  case yesNo = "yes_no"
  /// Digits, which are spoken in groups: the turn is not over between two of them.
  case digits
  /// An address, or anything else of several parts.
  case address
  /// Whatever the caller wants to say.
  case free
}

/// A JSON-like value of an event's parameters or metadata.
public enum BotValue: Sendable, Equatable {
  /// Nothing.
  case null
  /// True or false.
  case bool(Bool)
  /// A number.
  case number(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case list([BotValue])
  /// Values by name.
  case object([String: BotValue])
}
