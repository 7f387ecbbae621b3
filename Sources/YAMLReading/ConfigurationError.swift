import Basics

/// One thing that is wrong with a configuration: where, what, and what to write instead.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
  /// Where a problem is.
  public enum Place: Sendable, Equatable, CustomStringConvertible {
    /// A place in a file; line and column count from 1.
    case file(String, line: Int, column: Int)
    /// The file as a whole.
    case wholeFile(String)
    /// An environment variable.
    case variable(String)

    /// `file:line:column`, the file's path, or the variable's name.
    public var description: String {
      switch self {
      case .file(let file, let line, let column): "\(file):\(line):\(column)"
      case .wholeFile(let file): file
      case .variable(let name): name
      }
    }
  }

  /// Where it is.
  public var place: Place
  /// What is wrong.
  public var message: String
  /// What to do about it.
  public var remedy: String?

  /// A problem at a place.
  public init(_ place: Place, _ message: String, _ remedy: String? = nil) {
    self.place = place
    self.message = message
    self.remedy = remedy
  }

  /// A problem of a file's text.
  public init(_ problem: YAMLProblem, of file: String) {
    self.init(
      .file(file, line: problem.place.line, column: problem.place.column), problem.message, problem.remedy)
  }

  /// `place: what is wrong; what to do`.
  public var description: String {
    remedy.map { "\(place): \(message); \($0)" } ?? "\(place): \(message)"
  }
}

/// A configuration that cannot be used, with everything that is wrong with it.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The exit status of a command that was given a bad configuration (`EX_CONFIG` of `sysexits.h`).
  public static let exitStatus: Int32 = 78

  /// What is wrong, in the order of the places; at least one.
  public var problems: [ConfigurationProblem]

  /// An error of these problems.
  public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

  /// An error of one problem.
  public init(_ place: ConfigurationProblem.Place, _ message: String, _ remedy: String? = nil) {
    problems = [ConfigurationProblem(place, message, remedy)]
  }

  /// The bytes of a file, or why there are none.
  ///
  /// - Parameters:
  ///   - name: what the file is, for the message: `the call`.
  ///   - write: what to do about a file that cannot be read; `shorten`, about one that is too long, where that is else.
  package static func read(
    _ file: String, maximum: Int, allowsPipes: Bool = false, name: String? = nil, write: String, shorten: String? = nil
  ) throws(ConfigurationError) -> [UInt8] {
    do throws(FileError) { return try BoundedFile.read(file, maximum: maximum, allowsPipes: allowsPipes) } catch {
      let problem = name.map { "\($0) \(error.problem)" } ?? error.problem
      throw ConfigurationError(.wholeFile(file), problem, error.isTooLong ? shorten ?? write : write)
    }
  }

  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
