import Glibc

/// What could not be done with a file, and why. Never says what is in it.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Sendable, Hashable {
    /// What was to be done (`read`, `written`), and the `errno` of the call that failed.
    case cannotBe(String, errno: Int32)
    /// A folder, a pipe or a device.
    case notRegular
    /// More bytes than may be read.
    case tooLong(maximum: Int)
    /// Others than its owner may read or write it.
    case openToOthers(mode: UInt32)
    /// What is in it, or around it, as a sentence without its subject: `is locked by another process`.
    case other(String)
  }

  /// The file.
  public let path: String
  /// What is wrong with it.
  public let reason: Reason

  /// Something is wrong with a file.
  public init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// Something else is wrong with a file, told as a sentence without its subject.
  public init(_ path: String, _ problem: String) { self.init(path, .other(problem)) }

  /// The call that has just failed.
  package init(_ path: String, cannotBe action: String) { self.init(path, .cannotBe(action, errno: errno)) }

  /// Whether a call failed with this `errno`.
  package func isErrno(_ number: Int32) -> Bool {
    if case .cannotBe(_, errno: number) = reason { true } else { false }
  }

  /// Whether the file has more bytes than may be read.
  package var isTooLong: Bool { if case .tooLong = reason { true } else { false } }

  /// What is wrong, as a sentence without its subject, and what to do where that is known.
  public var problem: String {
    switch reason {
    case .cannotBe(let action, let number): "cannot be \(action) (\(Self.text(errno: number)))"
    case .notRegular: "is no file"
    case .tooLong(let maximum): "is over \(Self.text(bytes: maximum))"
    case .openToOthers(let mode):
      "can be read or written by others than its owner (mode \(String(mode, radix: 8))): chmod 600 \(path)"
    case .other(let problem): problem
    }
  }

  /// The file and what is wrong.
  public var description: String { "\(path) \(problem)" }

  /// What an `errno` means. glibc's `strerror` has a buffer per thread.
  package static func text(errno: Int32) -> String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }

  private static func text(bytes: Int) -> String {
    let units = [(1 << 20, "MiB"), (1_000_000, "MB"), (1 << 10, "KiB")]
    let unit = units.first { bytes > 0 && bytes.isMultiple(of: $0.0) } ?? (1, "bytes")
    return "\(bytes / unit.0) \(unit.1)"
  }
}
