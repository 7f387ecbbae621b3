public import Basics
import Foundation
import Locking

/// What was done with recordings, one JSON object a line, in a file that is only ever appended to. It outlives the
/// recordings: it names them by their random ids and says nothing of what is in them.
public final class AuditTrail: Sendable {
  /// The file, for one writer at a time.
  private let path: Locked<String>

  /// The trail of a folder of recordings. Throws where the folder is not there or cannot be written.
  public init(directory: String) throws(RecordingError) {
    let path = directory + "/audit.jsonl"
    self.path = Locked(path)
    let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RecordedFile.failure("opened for the audit", path) }
    close(descriptor)
  }

  private struct Line: Encodable {
    var time: Int64
    var what: String
    var recording: String
    var org: String
    var by: String
  }

  /// Appends a line; a line that cannot be written is left out, for the work it tells of is done.
  public func write(_ what: String, recording: String, organization: String, by: String = "server") {
    let line = Line(time: Self.now(), what: what, recording: recording, org: organization, by: by)
    guard let text = try? line.jsonLine() else { return }
    path.withLock { path in
      let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      let bytes = text + [0x0A]
      _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }
  }

  /// Seconds since 1970.
  public static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }
}
