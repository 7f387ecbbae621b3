public import BotEngine

/// How the caller's next input is taken: what the platform is told, and what our own detector does.
public struct TurnSettings: Sendable, Equatable {
  /// Voice, keys or both.
  public var mode: InputMode
  /// What the platform is told of timers and keys.
  public var handling: InputHandling
  /// Silence that ends the caller's turn, in milliseconds; `nil` is the agent's own.
  public var endSilence: Int?
  /// Longest utterance in milliseconds; `nil` is the agent's own.
  public var maximumSpeech: Int?
  /// What the caller is expected to say, where the bot says so.
  public var expects: BotExpectation?
  /// How many digits, where it is known.
  public var expectedDigits: Int?

  /// Settings.
  public init(
    mode: InputMode = .voiceAndDTMF, handling: InputHandling = InputHandling(), endSilence: Int? = nil,
    maximumSpeech: Int? = nil
  ) {
    self.mode = mode
    self.handling = handling
    self.endSilence = endSilence
    self.maximumSpeech = maximumSpeech
  }
}

extension TurnSettings {
  /// The bot's wishes, with the defaults of the agent where it has none.
  init(_ settings: BotInputSettings, defaults: TurnSettings) {
    self = defaults
    switch settings.mode {
    case .voice: mode = .voice
    case .digits: mode = .dtmf
    case .voiceAndDigits: mode = .voiceAndDTMF
    }
    var dtmf = defaults.handling.dtmf ?? InputHandling.DTMF()
    if let count = settings.digitCount { dtmf.length = Self.wire(count, most: 128) }
    if let key = settings.terminator.flatMap({ DTMFKey($0) }) { dtmf.terminator = key }
    if let timeout = settings.interDigitTimeout { dtmf.interDigitTimeout = Self.wire(timeout) }
    handling.dtmf = dtmf
    var timers = defaults.handling.speechTimers ?? InputHandling.SpeechTimers()
    if let timeout = settings.noInputTimeout { timers.noInput = Self.wire(timeout) }
    if let silence = settings.endSilence { timers.complete = Self.wire(silence) }
    if let maximum = settings.maximumSpeech { timers.maximumSpeech = Self.wire(maximum) }
    handling.speechTimers = timers
    endSilence = settings.endSilence ?? defaults.endSilence
    maximumSpeech = settings.maximumSpeech ?? defaults.maximumSpeech
    expects = settings.expects
    expectedDigits = settings.digitCount
  }

  /// A bot's number, held within what the wire can say and a call can use (an hour in milliseconds).
  private static func wire(_ value: Int, most: Int = 3_600_000) -> Int32 { Int32(min(max(value, 0), most)) }
}
