/// Why an engine could not be made, and what to write instead.
///
/// What is wrong within a script is a `ConfigurationError`.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of error.
  public enum Code: String, Sendable, Hashable {
    /// This build has no engine of the kind.
    case notBuiltIn
    /// A file, a secret or a text that the engine needs cannot be used.
    case unusable
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
