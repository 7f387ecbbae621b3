/// Tells frames with a voice in them from frames without.
public protocol VoiceDetector {
  /// Samples a second of the audio it listens to.
  var sampleRate: Int { get }
  /// Samples of a frame: 10, 20 or 30 milliseconds.
  var frameLength: Int { get }
  /// How much later than a frame the detector's word on it comes, in milliseconds; 0 unless stated.
  var delayMilliseconds: Int { get }
  /// Whether a prompt plays to the caller, whose echo may come back: a detector may ask for more then. Not all do.
  var isPromptPlaying: Bool { get set }
  /// Whether speech may begin with the frame just heard: not where the line is a prompt's echo and nothing else.
  var mayBegin: Bool { get }

  /// So many samples are there that it has not heard, the last of which arrived at `now`. Not all need to know.
  mutating func arrive(_ count: Int, by now: Duration)

  /// How loud the frame that it spoke of last is in its loudest band, as a natural logarithm of power; 0 unless stated.
  var loudness: Float { get }

  /// How likely it is that a turn is over whose caller is silent now, 0 to 1, where a judge of that is at hand.
  mutating func judgeEnd() -> Float?

  /// What it makes of this frame, itself: a detector's hangover after speech is not wanted here, since the
  /// ``Endpointer`` measures silence. The frame has ``frameLength`` samples and follows the last one in time. A detector
  /// with a delay answers for the frame that was ``delayMilliseconds`` before this one.
  mutating func hear(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence

  /// Hears a frame as ``hear(_:)`` does, or only takes it: `nil`, and ``judgeTaken()`` has to follow before anything else
  /// is heard. A detector may be one of many that are judged sooner together. Not all wait.
  mutating func take(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence?

  /// What it makes of the frame that it took.
  mutating func judgeTaken() -> SpeechEvidence

  /// Forgets what it has learnt of the line.
  mutating func reset()
}

/// How sure a detector is that somebody speaks in a frame.
public enum SpeechEvidence: Int, Sendable, Hashable, Comparable {
  /// Nobody does.
  case none
  /// Something may be about to begin: an end of speech that is due is held for a moment.
  case trace
  /// Somebody may speak: prolongs a turn that has begun, and once one begins its start is dated back over it.
  case possible
  /// Somebody probably speaks: may pause a prompt, and ends one that it has paused if it goes on.
  case likely
  /// Somebody speaks: a turn begins.
  case certain

  /// By how sure it is.
  public static func < (one: SpeechEvidence, other: SpeechEvidence) -> Bool { one.rawValue < other.rawValue }
}

extension VoiceDetector {
  /// Length of a frame, in milliseconds.
  public var frameMilliseconds: Int { max(1, frameLength * 1000 / max(1, sampleRate)) }

  /// None.
  public var delayMilliseconds: Int { 0 }

  /// Whenever it is heard.
  public var mayBegin: Bool { true }

  /// Makes no difference.
  public mutating func arrive(_ count: Int, by now: Duration) {}

  /// None is known.
  public var loudness: Float { 0 }

  /// None is at hand.
  public mutating func judgeEnd() -> Float? { nil }

  /// Hears it at once.
  public mutating func take(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence? { hear(frame) }

  /// There is none.
  public mutating func judgeTaken() -> SpeechEvidence { .none }

  /// Makes no difference.
  public var isPromptPlaying: Bool {
    get { false }
    set {}
  }
}
