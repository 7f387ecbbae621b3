/// Tells frames with a voice in them from frames without.
public protocol VoiceDetector {
  /// Samples a second of the audio it listens to.
  var sampleRate: Int { get }
  /// Samples of a frame: 10, 20 or 30 milliseconds.
  var frameLength: Int { get }

  /// Whether somebody speaks in this frame, itself: a detector's hangover after speech is not wanted here, since the
  /// ``Endpointer`` measures silence. The frame has ``frameLength`` samples and follows the last one in time.
  mutating func isSpeech(_ frame: UnsafeBufferPointer<Int16>) -> Bool

  /// Forgets what it has learnt of the line.
  mutating func reset()
}

extension VoiceDetector {
  /// Length of a frame, in milliseconds.
  public var frameMilliseconds: Int { max(1, frameLength * 1000 / max(1, sampleRate)) }
}
