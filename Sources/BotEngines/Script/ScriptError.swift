/// One thing that is wrong with a script: where, what, and what to write instead.
public struct ScriptProblem: Sendable, Hashable, CustomStringConvertible {
  /// The script's path, as it was given.
  public var file: String
  /// The line, from 1; 0 where the file as a whole is meant.
  public var line: Int
  /// The column in characters, from 1; 0 where the file as a whole is meant.
  public var column: Int
  /// What is wrong.
  public var message: String
  /// What to do about it.
  public var remedy: String?

  /// `file:line:column: what is wrong; what to do`.
  public var description: String {
    let place = line > 0 ? "\(file):\(line):\(column)" : file
    return remedy.map { "\(place): \(message); \($0)" } ?? "\(place): \(message)"
  }
}

/// A script that cannot be used, with everything that is wrong with it.
public struct ScriptError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, in the order of the lines; at least one.
  public var problems: [ScriptProblem]

  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
