/// How the platform listens to the caller after an answer (`VoiceVAInputMode`).
public enum InputMode: Int32, Sendable, Equatable, CaseIterable {
  case unspecified = 0
  case voice = 1
  case dtmf = 2
  case voiceAndDTMF = 3

  /// Whether the platform opens an audio RPC in this mode; "unspecified" means voice.
  public var carriesVoice: Bool { self != .dtmf }
}

/// `InputHandlingConfig`: how digits and speech are collected. Absent members leave the platform's defaults.
public struct InputHandling: Sendable, Equatable {
  /// `DTMFInputConfig`. Times in milliseconds.
  public struct DTMF: Sendable, Equatable {
    /// Time without a further key that ends an entry.
    public var interDigitTimeout: Int32?
    /// The key that ends an entry.
    public var terminator: DTMFKey?
    /// Keys of a complete entry.
    public var length: Int32?

    /// How keys are collected.
    public init(interDigitTimeout: Int32? = nil, terminator: DTMFKey? = nil, length: Int32? = nil) {
      self.interDigitTimeout = interDigitTimeout
      self.terminator = terminator
      self.length = length
    }
  }

  /// `InputSpeechTimers`, in milliseconds.
  public struct SpeechTimers: Sendable, Equatable {
    /// The longest utterance.
    public var maximumSpeech: Int32?
    /// Silence after a complete utterance that ends the turn.
    public var complete: Int32?
    /// Silence after an incomplete utterance that ends the turn.
    public var incomplete: Int32?
    /// Time without speech until NO_INPUT.
    public var noInput: Int32?

    /// Timers.
    public init(maximumSpeech: Int32? = nil, complete: Int32? = nil, incomplete: Int32? = nil, noInput: Int32? = nil) {
      self.maximumSpeech = maximumSpeech
      self.complete = complete
      self.incomplete = incomplete
      self.noInput = noInput
    }
  }

  /// Keys.
  public var dtmf: DTMF?
  /// Speech.
  public var speechTimers: SpeechTimers?

  /// How input is collected.
  public init(dtmf: DTMF? = nil, speechTimers: SpeechTimers? = nil) {
    self.dtmf = dtmf
    self.speechTimers = speechTimers
  }
}
