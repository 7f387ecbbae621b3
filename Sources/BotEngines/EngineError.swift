/// Why an engine could not be made, and what to write instead.
///
/// What is wrong within a script is a ``ScriptError``.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of error.
  public enum Code: String, Sendable, Hashable {
    /// No engine of this kind is known.
    case unknownKind
    /// The kind needs a script and was given none.
    case missingScript
    /// The kind takes no script and was given one.
    case unexpectedScript
    /// The prompts in the binary cannot be read: it was built from broken files.
    case brokenVoice
  }

  /// The kind of error.
  public var code: Code
  /// A sentence for people: what was wrong and what to do.
  public var message: String

  /// An error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
