/// What happens on the caller's side, in order.
public enum CallerEvent: Sendable, Equatable {
  /// The call began: greet the caller. Comes again where the first greeting was lost before the caller could hear it.
  /// What the flow designer hands over with it is in ``CallInfo``.
  case started
  /// Caller audio, as ``BotEngine/audioDelivery`` asks for it.
  case audio(CallerAudio)
  /// The caller began to speak, at this offset of the call's audio, in milliseconds.
  case speechStarted(offset: Int)
  /// The caller stopped speaking and waits for an answer: end the turn.
  case speechEnded(offset: Int)
  /// All the digits of one entry (0-9, A-D, `*`, `#`). Expects an answer. Never log them.
  case digits(String)
  /// The caller neither spoke nor pressed a key in time. Expects an answer: prompt again.
  case noInput
  /// An event of the flow designer. Expects an answer. Where something was left out because it is over a bound, the
  /// parameter `patchbay_left_out` lists the names.
  case custom(name: String, parameters: [String: BotValue])
  /// The caller began to speak or to press keys over the bot's output, of which this much had been played, in
  /// milliseconds; and in characters of the words of it that the bot has told (``BotAudio/text``), where it told any.
  /// Output of the interrupted turn that was not yet sent is dropped.
  case interrupted(playedMilliseconds: Int, playedCharacters: Int? = nil)
  /// A mark of the bot's (``BotCommand/mark(_:)``) was reached: the caller has heard what came before it or, where
  /// `played` is false, what came before it was dropped by an interruption or by ``BotCommand/clear``.
  case mark(String, played: Bool)
  /// The call is over; no event follows.
  case ended(CallEnd)

  /// Whether the caller now waits for the bot's turn.
  public var expectsAnswer: Bool {
    switch self {
    case .started, .speechEnded, .digits, .noInput, .custom: true
    case .audio, .speechStarted, .interrupted, .mark, .ended: false
    }
  }
}

/// Why a call ended.
public enum CallEnd: String, Sendable {
  /// The caller hung up.
  case hangup
  /// The bot ended the call.
  case ended
  /// The bot transferred the caller.
  case transferred
  /// Nothing was heard from the platform for the idle time.
  case idle
  /// The connection to the platform broke, or the platform gave up, and the caller did not come back.
  case lost
  /// The server ends, and another of its cluster goes on with the call. A bot is not told this: its task is cancelled.
  case handedOver = "handed_over"
  /// The call reached the longest time a call may take.
  case tooLong
  /// The server shuts down.
  case shutdown
  /// The bot failed, or did not answer in time.
  case botFailed
}

/// A stretch of caller audio.
public struct CallerAudio: Sendable, Equatable {
  /// 16-bit linear samples, mono.
  public var samples: [Int16]
  /// Samples a second: 8,000 or 16,000.
  public var sampleRate: Int
  /// Where the stretch begins in the call's audio, in milliseconds.
  public var offset: Int

  /// A stretch of audio.
  public init(samples: [Int16], sampleRate: Int, offset: Int) {
    self.samples = samples
    self.sampleRate = sampleRate
    self.offset = offset
  }
}
