/// One exchange: something from the caller and the server's answer. All times count from the start of the call.
public struct CallTurn: Sendable, Equatable {
  /// What came from the caller.
  public enum Kind: Sendable, Equatable {
    /// The call began; the answer is the greeting.
    case greeting
    /// A clip was spoken.
    case speech(clip: Int)
    /// Somebody spoke at a microphone.
    case voice
    /// Nothing was said on purpose, but the server heard speech.
    case unintended
    /// So many keys were pressed.
    case digits(count: Int)
    /// The no-input timer fired.
    case noInput
    /// An event of the flow.
    case custom
  }

  /// What became of it.
  public enum Result: Sendable, Equatable {
    /// Under way.
    case open
    /// Answered.
    case answered
    /// The caller spoke, but the server noticed no speech before the no-input timer fired.
    case unheard
    /// The caller's way of input was not asked for: speech in a digits-only turn, or keys in a voice-only one.
    case notCollected
    /// Failed, with the call.
    case failed
  }

  /// How an answer ends the call.
  public enum Ending: Sendable, Equatable {
    /// The caller is handed to a human agent.
    case transfer
    /// The server ends the call.
    case end
  }

  /// What came from the caller.
  public var kind: Kind
  /// What became of it.
  public var result = Result.open
  /// When the caller began: the RPC was opened, the first sample spoken or the first key pressed.
  public var began: Duration
  /// Where the speech in the clip truly begins.
  public var speechStart: Duration?
  /// Where the speech in the clip truly ends; where the server ended the turn in a pause, the beginning of that pause.
  public var speechEnd: Duration?
  /// When the last key or event was sent, where the caller did not speak.
  public var sent: Duration?
  /// When START_OF_INPUT came.
  public var startOfInput: Duration?
  /// When END_OF_INPUT came.
  public var endOfInput: Duration?
  /// When the first audio or text of the answer came.
  public var firstAudio: Duration?
  /// When the FINAL came.
  public var answered: Duration?
  /// The answer's length.
  public var answerLength: Duration = .zero
  /// How the answer ends the call; `nil` where the call goes on.
  public var ending: Ending?
  /// The answer's events for the flow, as ``VoiceResponse/Event/Kind`` names them; at most ``mostEvents``.
  public internal(set) var events: [String] = []
  /// Silence within the answer because chunks came too late.
  public var gaps: Duration = .zero
  /// Whether the caller began while a prompt was playing.
  public var bargedIn = false
  /// What was left of the clip when the server ended the turn.
  public var unspoken: Duration = .zero

  /// Events that are kept of an answer.
  static let mostEvents = 16

  init(_ kind: Kind, began: Duration) {
    self.kind = kind
    self.began = began
  }

  /// From the true start of speech to START_OF_INPUT.
  public var startDelay: Duration? { Self.difference(startOfInput, speechStart) }
  /// From the true end of speech to END_OF_INPUT.
  public var endDelay: Duration? { Self.difference(endOfInput, speechEnd) }
  /// From the end of what the caller did (speech, keys, event) to the first audio of the answer, or to its FINAL where it
  /// has no audio.
  public var answerLatency: Duration? {
    Self.difference(firstAudio ?? answered, speechEnd ?? sent)
  }
  /// From END_OF_INPUT to the first audio of the answer, or to its FINAL.
  public var answerAfterEnd: Duration? { Self.difference(firstAudio ?? answered, endOfInput) }

  private static func difference(_ later: Duration?, _ earlier: Duration?) -> Duration? {
    guard let later, let earlier else { return nil }
    return later - earlier
  }
}
