/// Why a recording could not be written, read or removed.
public struct RecordingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of fault it is.
  public enum Code: String, Sendable {
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

  /// What kind of fault it is.
  public let code: Code
  /// What was wrong, where, and what to do.
  public let message: String

  /// An error of a kind, with what to do about it.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
