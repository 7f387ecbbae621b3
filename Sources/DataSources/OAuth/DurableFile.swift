import Glibc

/// Why a file could not be read, written or locked: the file and what is wrong with it.
public struct DurableFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file and what is wrong with it.
  public let description: String

  /// Something is wrong with a file.
  public init(_ path: String, _ problem: String) { description = "\(path) \(problem)" }

  init(_ path: String, cannotBe action: String, _ error: Int32 = errno) {
    let cause = strerror(error).map { String(cString: $0) } ?? "error \(error)"
    self.init(path, "cannot be \(action) (\(cause))")
  }
}

/// Files that survive a crash at any moment: the old content or the new, never a part; mode 0600.
enum DurableFile {
  /// The file's bytes; nil where there is no such file.
  ///
  /// - Parameter isSecret: refuses a file that others than its owner may read or write.
  static func read(_ path: String, maximum: Int, isSecret: Bool = false) throws(DurableFileError) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0, errno == ENOENT { return nil }
    guard file >= 0 else { throw DurableFileError(path, cannotBe: "read") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw DurableFileError(path, cannotBe: "examined") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DurableFileError(path, "is not a file") }
    if isSecret, status.st_mode & 0o077 != 0 {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw DurableFileError(path, "can be read by others than its owner (mode \(mode)): write `chmod 600 \(path)`")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw DurableFileError(path, cannotBe: "read") }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= maximum else { throw DurableFileError(path, "is over \(maximum) bytes") }
    }
  }

  /// Replaces the file in one step. When this returns, the content is on the disk, and so is its name.
  static func replace(_ path: String, _ bytes: [UInt8]) throws(DurableFileError) {
    // A link keeps leading to the file that it leads to.
    let target = resolved(path)
    var template = Array((target + ".XXXXXX").utf8CString)
    // Made with mode 0600.
    let file = mkstemp(&template)
    guard file >= 0 else { throw DurableFileError(path, cannotBe: "written") }
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do throws(DurableFileError) {
      defer { close(file) }
      try write(bytes, to: file, path)
      guard fsync(file) == 0 else { throw DurableFileError(path, cannotBe: "written") }
    } catch {
      unlink(name)
      throw error
    }
    guard rename(name, target) == 0 else {
      let failure = DurableFileError(path, cannotBe: "replaced")
      unlink(name)
      throw failure
    }
    try syncFolder(of: target)
  }

  private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws(DurableFileError) {
    var written = 0
    while written < bytes.count {
      let rest = Array(bytes[written...])
      let count = Glibc.write(file, rest, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw DurableFileError(path, cannotBe: "written") }
      written += count
    }
  }

  private static func syncFolder(of path: String) throws(DurableFileError) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DurableFileError(folder, cannotBe: "written") }
    defer { close(descriptor) }
    // Some file systems cannot, and say so; then there is nothing more to be done.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw DurableFileError(folder, cannotBe: "written")
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}

/// A lock that ends with its process at the latest (flock(2)): a file of its own beside the one that it protects, because
/// that one is replaced.
///
/// Held by whoever has the value; given back once, with ``unlock()``.
struct FileLock: Sendable {
  private let descriptor: Int32

  /// Waits for the lock, on the calling thread, at most so long.
  init(_ path: String, seconds: Int) throws(DurableFileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DurableFileError(path, cannotBe: "opened") }
    for _ in 0..<max(1, seconds * 100) {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        let failure = DurableFileError(path, cannotBe: "locked")
        close(descriptor)
        throw failure
      }
      usleep(10_000)
    }
    close(descriptor)
    throw DurableFileError(path, "is locked by another process for over \(seconds) s")
  }

  func unlock() { close(descriptor) }
}
