/// How the audio of a recording is kept.
public enum RecordingFormat: String, Sendable, CaseIterable {
  /// RIFF/WAVE with 16-bit linear samples.
  case wav
  /// Opus in Ogg (RFC 7845).
  case opus

  /// The end of the file's name.
  var suffix: String { rawValue }
}

/// Turns samples into the bytes of a file. Not for use from two threads at once.
protocol AudioFileEncoder: AnyObject {
  /// What a file begins with.
  func begin() throws(RecordingError) -> [UInt8]
  /// The bytes of interleaved samples.
  func encode(_ samples: [Int16]) throws(RecordingError) -> [UInt8]
  /// What is left to be written, and what the beginning should be replaced with now that `audioBytes` are known.
  func finish() throws(RecordingError) -> [UInt8]
  /// What ends a file whose last bytes are those given out last, where ``finish()`` cannot be reached.
  func end() -> [UInt8]
  /// The beginning, for a file with this many bytes of audio; empty where it need not change.
  func beginning(audioBytes: Int) -> [UInt8]
}
