import Glibc

/// Reading files whose size is not to be trusted.
public enum BoundedFile {
  /// The bytes, or why there are none.
  public enum Outcome: Sendable {
    /// All of it.
    case bytes([UInt8])
    /// It is over the limit.
    case tooLong
    /// Others than its owner may read or write it.
    case openToOthers
    /// The system's reason.
    case failed(String)

    /// The bytes, where there are any.
    public var bytes: [UInt8]? {
      guard case .bytes(let bytes) = self else { return nil }
      return bytes
    }
  }

  /// Reads a file of at most so many bytes. Blocks.
  ///
  /// - Parameter isSecret: refuses a file that others than its owner, or than whom root gave it, may read or write.
  public static func read(_ path: String, limit: Int, isSecret: Bool = false) -> Outcome {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failed(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    if isSecret {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { return .failed(String(cString: strerror(errno))) }
      guard !isOpenToOthers(status) else { return .openToOthers }
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failed(String(cString: strerror(errno))) }
      if count == 0 { return .bytes(bytes) }
      bytes.append(contentsOf: buffer[..<count])
      if bytes.count > limit { return .tooLong }
    }
  }

  /// Why a file cannot be read, or `nil` where it can.
  public static func obstacle(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { return "Is a directory" }
    return access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
  }

  /// Whether a path is a folder's.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether others than the owner may read or write a file.
  public static func isOpenToOthers(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && isOpenToOthers(status)
  }

  /// Pipes and devices have modes that say nothing of what comes out of them.
  private static func isOpenToOthers(_ status: stat) -> Bool {
    status.st_mode & S_IFMT == S_IFREG && isOpenToOthers(mode: status.st_mode, owner: status.st_uid, user: geteuid())
  }

  /// Whether a file with this mode may be read or written by others than its owner.
  ///
  /// A process that is not root can be given a file of root's by its group, which then counts as the owner: systemd's
  /// credentials (their access list shows as the group's mode) and Kubernetes' secrets come in this way.
  static func isOpenToOthers(mode: mode_t, owner: uid_t, user: uid_t) -> Bool {
    let isGiven = user != 0 && owner == 0
    return mode & (isGiven ? 0o037 : 0o077) != 0
  }
}
