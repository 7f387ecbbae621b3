/// How the platform listens to the caller after an answer (`VoiceVAInputMode`).
public enum InputMode: Int32, Sendable, Equatable {
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
    public var interDigitTimeout: Int32?
    public var terminator: DTMFKey?
    public var length: Int32?

    public init(interDigitTimeout: Int32? = nil, terminator: DTMFKey? = nil, length: Int32? = nil) {
      self.interDigitTimeout = interDigitTimeout
      self.terminator = terminator
      self.length = length
    }
  }

  /// `InputSpeechTimers`, in milliseconds.
  public struct SpeechTimers: Sendable, Equatable {
    public var maximumSpeech: Int32?
    public var complete: Int32?
    public var incomplete: Int32?
    public var noInput: Int32?

    public init(maximumSpeech: Int32? = nil, complete: Int32? = nil, incomplete: Int32? = nil, noInput: Int32? = nil) {
      self.maximumSpeech = maximumSpeech
      self.complete = complete
      self.incomplete = incomplete
      self.noInput = noInput
    }
  }

  public var dtmf: DTMF?
  public var speechTimers: SpeechTimers?

  public init(dtmf: DTMF? = nil, speechTimers: SpeechTimers? = nil) {
    self.dtmf = dtmf
    self.speechTimers = speechTimers
  }
}
