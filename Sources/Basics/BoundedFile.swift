import Glibc

/// Reading files whose size is not to be trusted.
public enum BoundedFile {
  /// All bytes of a file, at most `maximum`. Blocks.
  ///
  /// - Parameters:
  ///   - isSecret: refuses a file that others than its owner, or than whom root gave it, may read or write.
  ///   - allowsPipes: reads pipes and devices too, and waits for the writer of a pipe. For files that a person names.
  public static func read(
    _ path: String, maximum: Int, isSecret: Bool = false, allowsPipes: Bool = false
  ) throws(FileError) -> [UInt8] {
    // Without waiting, or opening a named pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | (allowsPipes ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { throw FileError(path, cannotBe: "read") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path, cannotBe: "examined") }
    guard allowsPipes || isRegular(status) else { throw FileError(path, .notRegular) }
    if isSecret, isOpenToOthers(status) { throw FileError(path, .openToOthers(mode: status.st_mode & 0o777)) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(maximum, max(0, Int(status.st_size))))
    var buffer = [UInt8](repeating: 0, count: min(maximum, 65_535) + 1)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path, cannotBe: "read") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= maximum else { throw FileError(path, .tooLong(maximum: maximum)) }
    }
  }

  /// As ``read(_:maximum:isSecret:allowsPipes:)``; `nil` where there is no such file.
  public static func readIfThere(
    _ path: String, maximum: Int, isSecret: Bool = false, allowsPipes: Bool = false
  ) throws(FileError) -> [UInt8]? {
    do throws(FileError) {
      return try read(path, maximum: maximum, isSecret: isSecret, allowsPipes: allowsPipes)
    } catch {
      guard error.isErrno(ENOENT) else { throw error }
      return nil
    }
  }

  /// The text of a file. As ``read(_:maximum:isSecret:allowsPipes:)``; what is not UTF-8 is refused.
  public static func text(
    _ path: String, maximum: Int, isSecret: Bool = false, allowsPipes: Bool = false
  ) throws(FileError) -> String {
    let bytes = try read(path, maximum: maximum, isSecret: isSecret, allowsPipes: allowsPipes)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw FileError(path, "is not UTF-8 text") }
    return text
  }

  /// The names in a folder, in order, from so many of its entries; `nil`, with `errno`, where it cannot be read.
  public static func names(in folder: String, mostEntries: Int = .max) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    var seen = 0
    while seen < mostEntries, let entry = readdir(stream) {
      seen += 1
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Why a file cannot be read, or `nil` where it can.
  public static func obstacle(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return FileError.text(errno: errno) }
    if status.st_mode & S_IFMT == S_IFDIR { return FileError.text(errno: EISDIR) }
    return access(path, R_OK) == 0 ? nil : FileError.text(errno: errno)
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

  private static func isRegular(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }

  /// Pipes and devices have modes that say nothing of what comes out of them.
  private static func isOpenToOthers(_ status: stat) -> Bool {
    isRegular(status) && isOpenToOthers(mode: status.st_mode, owner: status.st_uid, user: geteuid())
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
