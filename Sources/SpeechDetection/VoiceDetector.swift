/// Tells frames with a voice in them from frames without.
public protocol VoiceDetector {
  /// Samples a second of the audio it listens to.
  var sampleRate: Int { get }
  /// Samples of a frame: 10, 20 or 30 milliseconds.
  var frameLength: Int { get }
  /// How much later than a frame the detector's word on it comes, in milliseconds; 0 unless stated.
  var delayMilliseconds: Int { get }
  /// Whether the frame that ``isSpeech(_:)`` spoke of last may be speech, certain or not: such frames prolong a turn that
  /// has begun, and once one begins its start is dated back over them. False unless stated.
  var mayBeSpeech: Bool { get }
  /// Whether a prompt plays to the caller, whose echo may come back, or nil if that is not known: a detector may ask for
  /// more while one does, and for less while none does. Not all do.
  var isPromptPlaying: Bool? { get set }

  /// Whether somebody speaks in this frame, itself: a detector's hangover after speech is not wanted here, since the
  /// ``Endpointer`` measures silence. The frame has ``frameLength`` samples and follows the last one in time. A detector
  /// with a delay answers for the frame that was ``delayMilliseconds`` before this one.
  mutating func isSpeech(_ frame: UnsafeBufferPointer<Int16>) -> Bool

  /// Forgets what it has learnt of the line.
  mutating func reset()
}

extension VoiceDetector {
  /// Length of a frame, in milliseconds.
  public var frameMilliseconds: Int { max(1, frameLength * 1000 / max(1, sampleRate)) }

  /// None.
  public var delayMilliseconds: Int { 0 }

  /// Never.
  public var mayBeSpeech: Bool { false }

  /// Makes no difference.
  public var isPromptPlaying: Bool? {
    get { nil }
    set {}
  }
}
