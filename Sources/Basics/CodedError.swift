/// An error of one of a few kinds: a code for programs, a sentence for people, and the error that it comes of.
public struct CodedError<Kind: Sendable & Hashable>: Error, CustomStringConvertible {
  /// The kinds of error.
  public typealias Code = Kind

  /// The kind of error.
  public var code: Kind
  /// A sentence for people: what was wrong, where, and what to do.
  public var message: String
  /// The error that it comes of, if it comes of one. The message says already what it means.
  public var cause: (any Error)?

  /// An error.
  public init(_ code: Kind, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message.
  public var description: String { message }
}

/// An error that is a text for people and nothing else. `Subject` only tells the errors of one type from those of another.
public struct TextError<Subject>: Error, Hashable, CustomStringConvertible {
  /// What is wrong, and what to do.
  public let description: String

  /// An error.
  public init(_ description: String) { self.description = description }
}
