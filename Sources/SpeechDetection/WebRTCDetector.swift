public import AudioCodecs
import CWebRTCVAD

/// The voice activity detector of WebRTC: a Gaussian mixture model over six frequency bands that adapts to the line's
/// noise, with a gate of our own behind it.
///
/// The model alone calls the breath and the room after the last word speech; the gate (``SpeechGate``) asks in addition
/// that a frame is loud enough beside the speech before it.
///
/// The owner of one detector of the library. Not for use from two threads at once.
public final class WebRTCDetector: VoiceDetector {
  /// How readily a frame is called speech.
  public enum Mode: Int32, Sendable, CaseIterable {
    /// Most readily.
    case quality = 0
    /// Found the best on recorded speech: it hears soft voices that the next one loses, and the gate behind it makes up
    /// for the rest.
    case lowBitrate = 1
    case aggressive = 2
    /// Least readily; loses soft speech.
    case veryAggressive = 3
  }

  /// Samples a second: 8,000 or 16,000.
  public let sampleRate: Int
  /// Samples of a frame of 20 milliseconds.
  public let frameLength: Int
  /// How readily a frame is called speech.
  public let mode: Mode

  private let handle: OpaquePointer
  private var gate: SpeechGate

  /// A detector for audio of 8,000 or 16,000 Hz.
  public init(sampleRate: Int = 8000, mode: Mode = .lowBitrate, gate: SpeechGate = SpeechGate()) throws(AudioError) {
    guard sampleRate == 8000 || sampleRate == 16000 else {
      throw AudioError(
        .unsupportedSampleRate, "The voice detector hears 8000 or 16000 Hz, not \(sampleRate); resample the audio.")
    }
    guard let handle = WebRtcVad_Create() else {
      throw AudioError(.unavailable, "The voice detector could not be made: out of memory.")
    }
    guard WebRtcVad_Init(handle) == 0, WebRtcVad_set_mode(handle, mode.rawValue) == 0 else {
      WebRtcVad_Free(handle)
      throw AudioError(.unavailable, "The voice detector could not be set to mode \(mode.rawValue).")
    }
    self.handle = handle
    self.sampleRate = sampleRate
    self.frameLength = sampleRate / 50
    self.mode = mode
    self.gate = gate
  }

  deinit { WebRtcVad_Free(handle) }

  /// Whether somebody speaks in this frame. A frame of another length than ``frameLength`` holds no speech.
  public func isSpeech(_ frame: UnsafeBufferPointer<Int16>) -> Bool {
    guard frame.count == frameLength, let samples = frame.baseAddress else { return false }
    // 1 is speech in the frame itself; higher values are the hangover.
    let result =
      sampleRate == 8000
      ? WebRtcVad_CalcVad8khz(handle, samples, frame.count) : WebRtcVad_CalcVad16khz(handle, samples, frame.count)
    return gate.passes(frame, isVoice: result == 1)
  }

  /// Forgets what it has learnt of the line.
  public func reset() {
    _ = WebRtcVad_Init(handle)
    _ = WebRtcVad_set_mode(handle, mode.rawValue)
    gate.reset()
  }
}
