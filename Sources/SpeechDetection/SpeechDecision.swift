/// That a caller's speech has begun or is over. Times are in milliseconds of the stream's own audio.
public enum SpeechDecision: Sendable, Hashable {
  /// Speech began at `at`, which was certain at `decidedAt`.
  case started(at: Int, decidedAt: Int)
  /// Speech stopped at `at` and may be over: ``EndpointingSettings/eagerSilence`` has passed. What is decided next tells.
  case paused(at: Int, decidedAt: Int)
  /// Speech that had paused has gone on since `at`: it was not over.
  case resumed(at: Int, decidedAt: Int)
  /// Speech was over at `at`, which was decided at `decidedAt`.
  case ended(at: Int, decidedAt: Int, reason: SpeechEnd)
}

/// Why a caller's speech counts as over.
public enum SpeechEnd: String, Sendable, Hashable {
  /// The end silence passed.
  case silence
  /// The longest utterance was reached; the caller may still be speaking.
  case maximumUtterance
  /// The stream ended.
  case endOfStream
}
