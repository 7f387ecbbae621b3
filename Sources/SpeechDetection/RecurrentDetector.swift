public import AudioCodecs
import CVoiceModel

/// A voice detector of the project's own: a small recurrent network trained on recorded voices in the noise, the echo
/// and the tones of telephone lines.
///
/// It hears 20 mel bands and the pitch of every 20 ms and is told whether a prompt plays, judges each frame after two
/// more of them, and remembers the line: what it has learnt of the noise, and of how loud the caller is beside other
/// voices. How it was trained, and how well it does beside others, is in Docs/speech-detection.md.
///
/// The owner of one network's state. Nothing is allocated for a frame. Not for use from two threads at once.
public final class RecurrentDetector: VoiceDetector {
  /// How probable speech has to be, 0 to 1: one set for every line, found the best on voices that the network was not
  /// trained on.
  public enum Threshold {
    /// To be taken for speech after none. With less a click of 60 ms begins a turn; with more, speech whose first packets
    /// are lost begins late.
    public static let begin: Float = 0.935
    /// The same for a soft sound on a line without noise: a soft voice, or an s before a word.
    public static let beginSoftly: Float = 0.8
    /// To go on: to be taken for speech after a frame that was, to prolong a turn, and to date its start back.
    public static let possible: Float = 0.7
    /// The same on a line without noise, where the last sound of a word is heard to its end.
    public static let possibleOnQuietLine: Float = 0.1
    /// To pause a prompt on a line without noise, and to end it; on others it is what it takes to go on. With less a
    /// prompt's own echo pauses it.
    public static let likelyOnQuietLine: Float = 0.4
    /// To hold an end of speech that is due, until more is heard.
    public static let trace: Float = 0.3
    /// The same on a line without noise, where a loud sound that is not judged yet does it too.
    public static let traceOnQuietLine: Float = 0.05
    /// To be taken for speech on a line that is heard without its echo, whose voice has holes; and to go on.
    public static let overEcho: Float = 0.5, possibleOverEcho: Float = 0.3
  }

  /// Samples a second: 8,000 or 16,000.
  public let sampleRate: Int
  /// Samples of a frame of 20 milliseconds.
  public let frameLength: Int
  /// How long after a frame it is judged, in milliseconds.
  public let delayMilliseconds = Int(VOICE_MODEL_DELAY) * 20
  /// Whether a prompt plays to the caller: what is heard may be its echo.
  @exclusivity(unchecked) public var isPromptPlaying = false
  /// What follows the echo of the prompts, where somebody does.
  @exclusivity(unchecked) public var echo: EchoFollower?
  /// What judges whether a silent caller has finished, where somebody does.
  @exclusivity(unchecked) public var judge: TurnJudge? {
    didSet { if judge != nil, memory == nil { memory = Memory() } }
  }
  /// Whether speech may begin with the frame just heard.
  public var mayBegin: Bool { !(echo?.isEchoAlone ?? false) }
  /// How probable it was that the caller spoke in the frame judged last, 0 to 1.
  @exclusivity(unchecked) public private(set) var probability: Float = 0

  /// How loud the frame judged last is in its loudest band, as a natural logarithm of power.
  public var loudness: Float { voice_model_frame_loudness(handle) }

  let handle: OpaquePointer
  /// How probable speech is in the frame that was taken, where that was judged together with others.
  @exclusivity(unchecked) var judged: Float?
  // Nothing here calls out, so no two accesses of one overlap: a frame need not pay for the check.
  @exclusivity(unchecked) private var memory: Memory?
  @exclusivity(unchecked) private var isVoice = false
  // Whether the line was quiet when it was last judged.
  @exclusivity(unchecked) private var wasQuiet = false

  /// A detector for audio of 8,000 or 16,000 Hz.
  public init(sampleRate: Int = 8000) throws(AudioError) {
    guard sampleRate == 8000 || sampleRate == 16000 else {
      throw AudioError(
        .unsupportedSampleRate, "The voice detector hears 8000 or 16000 Hz, not \(sampleRate); resample the audio.")
    }
    guard let handle = voice_model_create() else {
      throw AudioError(.unavailable, "The voice detector could not be made: out of memory.")
    }
    self.handle = handle
    self.sampleRate = sampleRate
    frameLength = sampleRate / 50
  }

  deinit { voice_model_free(handle) }

  /// What is made of the frame ``delayMilliseconds`` before this one. A frame of another length than ``frameLength``
  /// holds no speech.
  public func hear(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence { take(frame) ?? judgeTaken() }

  /// The same, but that a frame is only taken where nothing plays whose echo could be heard.
  public func take(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence? {
    guard frame.count == frameLength, let samples = frame.baseAddress else { return SpeechEvidence.none }
    let isWideband = sampleRate != 8000
    guard let echo,
      let heard = echo.hear(samples, isWideband: isWideband, isPromptPlaying: isPromptPlaying, with: handle)
    else {
      voice_model_take(handle, samples, isWideband, isPromptPlaying)
      return nil
    }
    note(heard)
    guard echo.isFollowing else { return evidence() }
    isVoice = probability >= Threshold.overEcho
    return isVoice ? .certain : probability >= Threshold.possibleOverEcho ? .possible : SpeechEvidence.none
  }

  /// What is made of the frame that was taken.
  public func judgeTaken() -> SpeechEvidence {
    note(judged ?? voice_model_judge(handle))
    judged = nil
    return evidence()
  }

  private func note(_ heard: Float) {
    probability = heard
    if let memory, judge != nil { turn_memory_hear(&memory.turn, handle, probability) }
  }

  /// What is made of the probability on a line that is heard as it is.
  private func evidence() -> SpeechEvidence {
    let isQuiet = voice_model_line_is_quiet(handle)
    let begin = isQuiet && voice_model_frame_is_soft(handle) ? Threshold.beginSoftly : Threshold.begin
    isVoice = probability >= (isVoice ? Threshold.possible : begin)
    wasQuiet = isQuiet || wasQuiet && voice_model_line_stays_quiet(handle)
    if isVoice { return .certain }
    guard wasQuiet else {
      return probability >= Threshold.possible ? .likely : probability >= Threshold.trace ? .trace : .none
    }
    // What has faded into the line's own noise is over, however slowly the network forgets it.
    let isHeard = probability >= Threshold.possible || voice_model_frame_is_heard(handle)
    if isHeard, probability >= Threshold.possibleOnQuietLine {
      return probability >= Threshold.likelyOnQuietLine ? .likely : .possible
    }
    return probability >= Threshold.traceOnQuietLine || voice_model_newest_is_loud(handle) ? .trace : .none
  }

  /// How likely it is that the turn is over, where there is a ``judge``.
  public func judgeEnd() -> Float? {
    guard let judge, let memory else { return nil }
    return judge.probability(after: &memory.turn)
  }

  /// So many samples are there that it has not heard, the last of which arrived at `now`.
  public func arrive(_ count: Int, by now: Duration) { echo?.arrive(count * 8000 / sampleRate, by: now) }

  /// Forgets what it has learnt of the line.
  public func reset() {
    voice_model_reset(handle)
    judged = nil
    isVoice = false
    wasQuiet = false
    memory?.turn = TurnMemory()
    probability = 0
  }

  /// What was heard of the last frame.
  public var features: VoiceFeatures {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Int(VOICE_MODEL_FEATURES)) { values in
      guard let base = values.baseAddress else { return VoiceFeatures(bands: [], voicing: 0, period: 0) }
      base.initialize(repeating: 0, count: values.count)
      voice_model_features(handle, base)
      return VoiceFeatures(
        bands: Array(values.dropLast(2)), voicing: values[values.count - 2], period: values[values.count - 1] * 12.5)
    }
  }
}

extension RecurrentDetector {
  /// What a judge remembers of a turn: on its own, since few have a judge.
  private final class Memory {
    @exclusivity(unchecked) var turn = TurnMemory()
  }
}

/// What a ``RecurrentDetector`` hears of a frame.
public struct VoiceFeatures: Sendable, Hashable {
  /// The natural logarithm of the power in each of 20 mel bands between 60 and 3,900 Hz, of 16-bit samples: 4.6 is
  /// silence.
  public let bands: [Float]
  /// How periodic the frame is: 0 is noise, 0.5 a clear vowel, 1 a pure pulse train.
  public let voicing: Float
  /// The period, in milliseconds.
  public let period: Float
}
