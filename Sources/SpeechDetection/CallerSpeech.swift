public import AudioCodecs

/// A caller's speech as the product listens to it.
public typealias CallerSpeech = SpeechPipeline<RecurrentDetector>

extension SpeechPipeline where Detector == RecurrentDetector {
  /// How a piece of the stream is listened to: what the rules of the call say at its time.
  public struct Listening: Sendable, Equatable {
    /// See ``SpeechPipeline/isListening``.
    public var isListening: Bool
    /// See ``SpeechPipeline/isPromptPlaying``.
    public var isPromptPlaying: Bool
    /// See ``SpeechPipeline/watchesOnset``.
    public var watchesOnset: Bool
    /// See ``EndpointingSettings/minimumSpeech``.
    public var minimumSpeech: Int

    /// What the rules of the call say.
    public init(isListening: Bool, isPromptPlaying: Bool, watchesOnset: Bool, minimumSpeech: Int) {
      self.isListening = isListening
      self.isPromptPlaying = isPromptPlaying
      self.watchesOnset = watchesOnset
      self.minimumSpeech = minimumSpeech
    }
  }

  /// What follows the echo of the prompts, where somebody does.
  public var echo: EchoFollower? {
    get { detector.echo }
    set { detector.echo = newValue }
  }

  /// What judges whether a silent caller has finished, where somebody does and the end silence adapts.
  public var judge: TurnJudge? {
    get { detector.judge }
    set { detector.judge = newValue }
  }

  /// Takes a piece as ``process(_:companded:now:mayWait:_:)`` does, and may leave its last frame to be judged with
  /// others'.
  ///
  /// Whoever calls a generic function of another module pays for not knowing the detector, with each frame: this is for
  /// the one that a call has.
  public func hear(
    _ input: UnsafeBufferPointer<Int16>, companded: CompandedSamples?, now: Duration, as listening: Listening,
    _ output: (Output) -> Void
  ) {
    settle(output)
    if isListening != listening.isListening { isListening = listening.isListening }
    detector.isPromptPlaying = listening.isPromptPlaying
    if watchesOnset != listening.watchesOnset { watchesOnset = listening.watchesOnset }
    if settings.minimumSpeech != listening.minimumSpeech { settings.minimumSpeech = listening.minimumSpeech }
    process(input, companded: companded, now: now, mayWait: true, output)
  }

  /// Judges the frame that waits, where one does, and gives out what is decided.
  public func hearOut(_ output: (Output) -> Void) { settle(output) }

  /// The detector, where it has taken a frame that waits.
  var waitingDetector: RecurrentDetector? { isWaiting ? detector : nil }
}
