public import Basics
import Foundation

/// Where a secret is kept. The configuration never holds the secret itself.
public enum Secret: Sendable, Hashable, CustomStringConvertible {
  /// A file that holds the secret and nothing else; white space around it does not count.
  case file(String)
  /// The name of an environment variable that holds it.
  case variable(String)

  /// Why a secret cannot be had. Says where it was looked for, never what was found.
  public typealias ReadingError = TextError<Secret>

  /// Bytes a secret may have.
  public static let maximumLength = 4_096

  /// Reads the secret, now: call it again to take up a change.
  public func read(environment: [String: String]) throws(ReadingError) -> String {
    let text: String
    switch self {
    case .file(let path):
      do throws(FileError) {
        text = try BoundedFile.text(path, maximum: Self.maximumLength, isSecret: true, allowsPipes: true)
      } catch { throw ReadingError("the secret file \(error)") }
    case .variable(let name):
      guard let value = environment[name] else {
        throw ReadingError("\(self) is not set")
      }
      text = value
    }
    let trimmed = text.trimmed()
    guard !trimmed.isEmpty else { throw ReadingError("\(self) is empty") }
    return trimmed
  }

  /// Reads the secret with the process's own environment.
  public func read() throws(ReadingError) -> String {
    try read(environment: ProcessInfo.processInfo.environment)
  }

  /// Where it is kept, for people.
  public var description: String {
    switch self {
    case .file(let path): "the secret file \(path)"
    case .variable(let name): "the environment variable \(name) for a secret"
    }
  }
}
