import Glibc

/// What tells one version of a file from the next without reading it.
///
/// Symbolic links are followed, so that a link that is made to lead elsewhere (Kubernetes replaces a volume's files that
/// way) is another version, as is a file that another was renamed to.
public struct FileStamp: Sendable, Hashable {
  /// `nil` where there is no such file, or none that may be looked at.
  private let values: [Int]?

  /// The version of the file that is there now. Looks at the file system.
  public init(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      values = nil
      return
    }
    // The change time too: it moves where a tool sets the modification time back.
    values = [
      Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)), status.st_size,
      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
    ]
  }

  /// A version of a test.
  init(version: Int?) { values = version.map { [$0] } }
}
