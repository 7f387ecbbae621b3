import Basics
import Glibc

/// What a process tells of itself in the folder of all, for the supervisor to read: each report a file, replaced as a whole.
struct ProcessReports: Sendable {
  /// A report.
  enum Kind: String, Sendable {
    /// Prometheus text.
    case metrics
    /// JSON: conversations of each organization.
    case organizations
  }

  /// Bytes of a report.
  private static let maximum = 16 << 20

  /// Of the processes' sockets too.
  let folder: String

  private func path(_ process: Int, _ kind: Kind) -> String { "\(folder)/\(process).\(kind.rawValue)" }

  /// Replaces a report. What cannot be written is left as it was.
  func write(_ text: String, of process: Int, _ kind: Kind) {
    let path = path(process, kind)
    let descriptor = open("\(path).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let bytes = Array(text.utf8)
    let isWhole = bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        guard count > 0 else { return false }
        written += count
      }
      return true
    }
    close(descriptor)
    if isWhole { rename("\(path).new", path) } else { unlink("\(path).new") }
  }

  /// What a process told last; empty where it told nothing.
  func read(_ process: Int, _ kind: Kind) -> String {
    let bytes = try? BoundedFile.readIfThere(path(process, kind), maximum: Self.maximum)
    return bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Forgets what a process told.
  func forget(_ process: Int, _ kind: Kind) { unlink(path(process, kind)) }
}

/// The folder of the processes' sockets and reports, which only this user may enter. It is removed with the last reference.
final class ProcessFolder: Sendable {
  /// It cannot be made.
  typealias FolderError = TextError<ProcessFolder>

  /// Its path.
  let path: String

  /// Makes it where the system keeps what lives as long as a service, or as long as a boot.
  init(environment: [String: String]) throws(FolderError) {
    let places = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"].compactMap { environment[$0] } + ["/tmp"]
    // A socket's path has 107 bytes at most, of which the table keeps 79 for the folder.
    let place = places.first { $0.hasPrefix("/") && $0.utf8.count < 50 && access($0, W_OK) == 0 } ?? "/tmp"
    var name = Array("\(place)/patchbay-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else {
      throw FolderError("no folder can be made in \(place): \(String(cString: strerror(errno)))")
    }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in BoundedFile.names(in: path) ?? [] { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}
