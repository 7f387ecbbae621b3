public import Basics

/// Why an engine could not be made, and what to write instead.
///
/// What is wrong within a script is a `ConfigurationError`.
public typealias EngineError = CodedError<EngineErrorCode>

/// The kinds of ``EngineError``.
public enum EngineErrorCode: String, Sendable, Hashable {
  /// This build has no engine of the kind.
  case notBuiltIn
  /// A file, a secret or a text that the engine needs cannot be used.
  case unusable
  /// The prompts in the binary cannot be read: it was built from broken files.
  case brokenVoice
}
