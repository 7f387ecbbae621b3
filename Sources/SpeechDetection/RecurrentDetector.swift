public import AudioCodecs
import CVoiceModel

/// A voice detector of the project's own: a small recurrent network trained on recorded voices in the noise, the echo
/// and the tones of telephone lines.
///
/// It hears 20 mel bands and the pitch of every 20 ms, judges each frame after two more of them, and remembers the line:
/// what it has learnt of the noise, and of how loud the caller is beside other voices. How it was trained, and how well
/// it does beside others, is in Docs/speech-detection.md.
///
/// The owner of one network's state. Nothing is allocated for a frame. Not for use from two threads at once.
public final class RecurrentDetector: VoiceDetector {
  /// How probable speech has to be, 0 to 1.
  public struct Thresholds: Sendable, Hashable {
    /// To be taken for speech after none.
    public var begin: Float
    /// The same for a hissing sound on a line without noise, which is how many a word begins.
    public var beginWithHiss: Float
    /// To be taken for speech after a frame that was.
    public var goOn: Float
    /// To be possible: to prolong a turn, and to date its start back.
    public var possible: Float
    /// The same on a line without noise, where the last sound of a word is heard to its end.
    public var possibleOnQuietLine: Float

    /// Thresholds, each 0 to 1.
    public init(begin: Float, beginWithHiss: Float, goOn: Float, possible: Float, possibleOnQuietLine: Float) {
      self.begin = begin
      self.beginWithHiss = beginWithHiss
      self.goOn = goOn
      self.possible = possible
      self.possibleOnQuietLine = possibleOnQuietLine
    }

    /// Where nobody says whether a prompt plays: found the best on voices that the network was not trained on.
    public static let usual = Thresholds(
      begin: 0.92, beginWithHiss: 0.7, goOn: 0.6, possible: 0.55, possibleOnQuietLine: 0.2)
    /// While a prompt plays, whose echo is a voice too.
    public static let duringPrompt = Thresholds(
      begin: 0.95, beginWithHiss: 0.95, goOn: 0.7, possible: 0.55, possibleOnQuietLine: 0.35)
    /// While none does.
    public static let withoutPrompt = Thresholds(
      begin: 0.88, beginWithHiss: 0.5, goOn: 0.5, possible: 0.5, possibleOnQuietLine: 0.15)
  }

  /// Samples a second: 8,000 or 16,000.
  public let sampleRate: Int
  /// Samples of a frame of 20 milliseconds.
  public let frameLength: Int
  /// How long after a frame it is judged, in milliseconds.
  public let delayMilliseconds = Int(VOICE_MODEL_DELAY) * 20
  /// Whether a prompt plays to the caller, whose echo may come back. If it is known that none does, a soft voice is made
  /// louder until the caller has been heard clearly: it cannot be an echo.
  public var isPromptPlaying: Bool?
  /// How probable it was that the caller spoke in the frame judged last, 0 to 1.
  public private(set) var probability: Float = 0

  /// Whether the frame judged last may be speech, certain or not.
  public private(set) var mayBeSpeech = false

  private let handle: OpaquePointer
  private var isVoice = false
  // The caller's level, as the mean square of a frame; it falls by 0.2 dB a second.
  private var loudest: Float = 0

  private static let decay: Float = 0.9991
  /// -32 dBFS: a voice so loud is heard clearly.
  private static let clearPower: Float = 677_000
  /// 12 dB.
  private static let softVoiceGain: Float = 4

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

  /// Whether somebody spoke in the frame ``delayMilliseconds`` before this one. A frame of another length than
  /// ``frameLength`` holds no speech.
  public func isSpeech(_ frame: UnsafeBufferPointer<Int16>) -> Bool {
    guard frame.count == frameLength, let samples = frame.baseAddress else { return false }
    loudest *= Self.decay
    voice_model_amplify(handle, isPromptPlaying == false && loudest < Self.clearPower ? Self.softVoiceGain : 1)
    probability =
      sampleRate == 8000 ? voice_model_hear(handle, samples) : voice_model_hear_wideband(handle, samples)
    let thresholds = isPromptPlaying.map { $0 ? Thresholds.duringPrompt : .withoutPrompt } ?? .usual
    let isQuiet = voice_model_line_is_quiet(handle)
    let begin = isQuiet && voice_model_hisses(handle) ? thresholds.beginWithHiss : thresholds.begin
    isVoice = probability >= (isVoice ? min(thresholds.goOn, begin) : begin)
    mayBeSpeech = probability >= (isQuiet ? thresholds.possibleOnQuietLine : thresholds.possible)
    if isVoice { loudest = max(loudest, voice_model_power(handle)) }
    return isVoice
  }

  /// Forgets what it has learnt of the line.
  public func reset() {
    voice_model_reset(handle)
    isVoice = false
    mayBeSpeech = false
    loudest = 0
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
