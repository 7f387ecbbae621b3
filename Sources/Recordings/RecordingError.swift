public import Basics

/// Why a recording could not be written, read or removed.
public typealias RecordingError = CodedError<RecordingErrorCode>

/// The kinds of ``RecordingError``.
public enum RecordingErrorCode: String, Sendable, Hashable {
  /// A file or folder could not be opened, written, read or removed.
  case file
  /// There is no key for it, or one that cannot be used.
  case key
  /// The bytes are not what was written: changed, reordered or cut.
  case damaged
  /// There is no such recording.
  case notFound
  /// The audio could not be encoded.
  case encoder
  /// It is being written at this moment.
  case live
  /// It holds no audio.
  case empty
}
