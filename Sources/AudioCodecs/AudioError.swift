public import Basics

/// Why audio was not accepted, where, and what to do about it.
///
/// Errors about a caller's audio are the sender's fault: on the wire they are INVALID_ARGUMENT, save
/// ``AudioErrorCode/tooFast``, which is RESOURCE_EXHAUSTED.
public typealias AudioError = CodedError<AudioErrorCode>

/// The kinds of ``AudioError``.
public enum AudioErrorCode: String, Sendable, Hashable {
  /// A sample rate that is not handled: of a caller's audio, one outside ``CallerAudioDecoder/sampleRates``.
  case unsupportedSampleRate
  /// More bytes in one chunk than ``CallerAudioDecoder/maximumChunk``.
  case chunkTooLarge
  /// Encoding or rate changed more often than ``CallerAudioDecoder/maximumFormatChanges`` times.
  case tooManyFormatChanges
  /// Bytes that are not the RIFF/WAVE structure they begin as.
  case malformedFile
  /// A WAV file of a kind that is not handled: its codec, sample size or number of channels.
  case unsupportedFile
  /// Audio that comes too much faster than it can have been spoken.
  case tooFast
  /// A codec library gave out no state: out of memory.
  case unavailable
}
