import Glibc

/// Where the embedded demo leaves the token that calls to it carry, so that `patchbay call` needs no option:
/// `${XDG_RUNTIME_DIR:-/tmp}/patchbay-<uid>/demo-token`, a file of mode 0600 in a folder of mode 0700.
public enum DemoToken {
  /// Why the file could not be written or read.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file or folder.
    public var path: String
    /// What was wrong with it.
    public var reason: String
    /// For people.
    public var description: String { "\(path): \(reason)" }
  }

  /// The largest token that is read.
  public static let maximumBytes = 16_384

  /// The file's path, by the environment.
  public static var path: String { path(runtimeDirectory: getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }) }

  static func path(runtimeDirectory: String?, user: UInt32 = getuid()) -> String {
    var base = runtimeDirectory ?? ""
    // The XDG specification has relative paths ignored.
    if !base.hasPrefix("/") { base = "/tmp" }
    while base.count > 1, base.hasSuffix("/") { base.removeLast() }
    return "\(base)/patchbay-\(user)/demo-token"
  }

  /// Writes a token for this user alone, in one step, and gives the path. Throws where the folder is another's or open to
  /// others.
  @discardableResult
  public static func write(_ token: String, to path: String = DemoToken.path) throws(Failure) -> String {
    let folder = Self.folder(of: path)
    if mkdir(folder, 0o700) != 0, errno != EEXIST { throw failure(folder, "could not be made") }
    try checkFolder(folder)
    var template = Array((path + ".XXXXXX").utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw failure(path, "could not be made") }
    let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let bytes = Array((token + "\n").utf8)
    let isWritten = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count
    let reason = failure(path, "could not be written")
    guard close(file) == 0, isWritten, rename(temporary, path) == 0 else {
      unlink(temporary)
      throw reason
    }
    return path
  }

  /// Reads a token from a file; white space around it is dropped. `nil` where there is no file.
  public static func read(_ path: String = DemoToken.path) throws(Failure) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(path, "could not be opened")
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
    var count = 0
    while count < bytes.count {
      let room = bytes.count - count
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: count), room) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw failure(path, "could not be read") }
      if got == 0 { break }
      count += got
    }
    guard count <= maximumBytes else { throw Failure(path: path, reason: "is too long for a token") }
    let text = bytes.prefix(count).split(whereSeparator: { [0x09, 0x0A, 0x0D, 0x20].contains($0) })
    guard text.count == 1, let token = text.first, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw Failure(path: path, reason: "holds no token; a token is one word of letters, digits, - _ and .")
    }
    return String(decoding: token, as: UTF8.self)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  private static func checkFolder(_ folder: String) throws(Failure) {
    var status = stat()
    // Not followed: in /tmp anybody may have put a link there.
    guard lstat(folder, &status) == 0 else { throw failure(folder, "could not be examined") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw Failure(path: folder, reason: "is no folder") }
    guard status.st_uid == getuid() else { throw Failure(path: folder, reason: "belongs to another user") }
    guard status.st_mode & 0o077 == 0 else {
      throw Failure(path: folder, reason: "is open to other users: chmod 700 it")
    }
  }

  private static func failure(_ path: String, _ what: String) -> Failure {
    let reason = strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    return Failure(path: path, reason: "\(what): \(reason)")
  }
}
