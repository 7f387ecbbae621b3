public import Basics
import Glibc
import Locking

/// Where a server with an issuer of its own leaves the token that calls to it carry, so that `patchbay call` needs no
/// option: `${XDG_RUNTIME_DIR:-/tmp}/patchbay-<uid>/demo-token-<port>`, a file of mode 0600 in a folder of mode 0700.
///
/// The server that wrote a file holds a lock on it (`flock`) for as long as it runs: a file that nobody holds was left
/// by a process that died, and its token opens nothing.
public enum DemoToken {
  /// The largest token that is read.
  public static let maximumBytes = 16_384

  /// What a port speaks: each has a token of its own, for the data source of its wire.
  public enum Wire: String, Sendable, CaseIterable {
    /// gRPC.
    case grpc = "demo-token-"
    /// WebSocket.
    case socket = "socket-token-"
  }

  /// The folder of this user's files, by the environment.
  public static var folder: String { folder(runtimeDirectory: getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }) }

  static func folder(runtimeDirectory: String?, user: UInt32 = getuid()) -> String {
    var base = runtimeDirectory ?? ""
    // The XDG specification has relative paths ignored.
    if !base.hasPrefix("/") { base = "/tmp" }
    while base.count > 1, base.hasSuffix("/") { base.removeLast() }
    return "\(base)/patchbay-\(user)"
  }

  /// The file of the server on a port.
  public static func path(port: Int, _ wire: Wire = .grpc, folder: String = DemoToken.folder) -> String {
    "\(folder)/\(wire.rawValue)\(port)"
  }

  /// The token file of a server that runs.
  ///
  /// The descriptor holds the lock; it is behind a mutex, and closed once.
  public final class Kept: Sendable {
    /// Where it is.
    public let path: String
    private let descriptor: Locked<Int32>

    fileprivate init(path: String, descriptor: Int32) {
      self.path = path
      self.descriptor = Locked(descriptor)
    }

    /// Writes another token in place of the one before.
    public func replace(_ token: String) throws(FileError) {
      let new = try DemoToken.write(token, to: path)
      close(descriptor.exchange(new))
    }

    /// Removes the file, if it is still this one: the server ends.
    public func remove() {
      let old = descriptor.exchange(-1)
      guard old >= 0 else { return }
      if DemoToken.isSameFile(old, path) { unlink(path) }
      close(old)
    }

    deinit { remove() }
  }

  /// Leaves a token for callers of this user alone, in one step, until ``Kept/remove()`` or the process's end. Files
  /// that processes left which died are removed. Throws where the folder is another's or open to others.
  public static func keep(
    _ token: String, port: Int, _ wire: Wire = .grpc, folder: String = DemoToken.folder
  ) throws(FileError) -> Kept {
    if mkdir(folder, 0o700) != 0, errno != EEXIST { throw FileError(folder, cannotBe: "made") }
    try checkFolder(folder)
    for wire in Wire.allCases {
      for port in ports(in: folder, wire) where find(port, wire, in: folder) == .stale {
        unlink(path(port: port, wire, folder: folder))
      }
    }
    let path = path(port: port, wire, folder: folder)
    return Kept(path: path, descriptor: try write(token, to: path))
  }

  /// The token of the server on a port of this machine; `nil` where no server of this user that runs has left one.
  public static func read(
    port: Int, _ wire: Wire = .grpc, folder: String = DemoToken.folder
  ) throws(FileError) -> String? {
    guard find(port, wire, in: folder) == .held else { return nil }
    return try read(path(port: port, wire, folder: folder))
  }

  /// The ports of a wire of this user's servers that run and have left a token, in order.
  public static func ports(_ wire: Wire = .grpc, folder: String = DemoToken.folder) -> [Int] {
    ports(in: folder, wire).filter { find($0, wire, in: folder) == .held }
  }

  /// Reads a token from a file; white space around it is dropped. `nil` where there is no file.
  public static func read(_ path: String, allowsPipes: Bool = false) throws(FileError) -> String? {
    guard let bytes = try BoundedFile.readIfThere(path, maximum: maximumBytes, allowsPipes: allowsPipes) else {
      return nil
    }
    let text = bytes.split(whereSeparator: { [0x09, 0x0A, 0x0D, 0x20].contains($0) })
    guard text.count == 1, let token = text.first, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw FileError(path, "holds no token; a token is one word of letters, digits, - _ and .")
    }
    return String(decoding: token, as: UTF8.self)
  }

  // MARK: Files

  private enum Found { case none, held, stale }

  private static func find(_ port: Int, _ wire: Wire, in folder: String) -> Found {
    let path = path(port: port, wire, folder: folder)
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return .none }
    defer { close(file) }
    // A shared lock, so that those who look do not take one another for the server.
    guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK ? .held : .none }
    return isSameFile(file, path) ? .stale : .none
  }

  private static func ports(in folder: String, _ wire: Wire) -> [Int] {
    let names = (BoundedFile.names(in: folder) ?? []).filter { $0.hasPrefix(wire.rawValue) }
    return names.compactMap { Int($0.dropFirst(wire.rawValue.count)) }.filter { (1...65_535).contains($0) }.sorted()
  }

  fileprivate static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
    var one = stat()
    var other = stat()
    guard fstat(descriptor, &one) == 0, lstat(path, &other) == 0 else { return false }
    return one.st_ino == other.st_ino && one.st_dev == other.st_dev
  }

  /// Writes a file in one step and returns the descriptor that holds its lock.
  fileprivate static func write(_ token: String, to path: String) throws(FileError) -> Int32 {
    let (file, temporary) = try DurableFile.write(Array((token + "\n").utf8), beside: path)
    guard flock(file, LOCK_EX | LOCK_NB) == 0, rename(temporary, path) == 0 else {
      let reason = FileError(path, cannotBe: "written")
      unlink(temporary)
      close(file)
      throw reason
    }
    return file
  }

  private static func checkFolder(_ folder: String) throws(FileError) {
    var status = stat()
    guard lstat(folder, &status) == 0 else { throw FileError(folder, cannotBe: "examined") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw FileError(folder, "is no folder") }
    guard status.st_uid == getuid() else { throw FileError(folder, "belongs to another user") }
    guard status.st_mode & 0o077 == 0 else {
      throw FileError(folder, "is open to other users: chmod 700 it")
    }
  }
}

extension Locked where Value == Int32 {
  fileprivate func exchange(_ new: Int32) -> Int32 {
    withLock { value in
      let old = value
      value = new
      return old
    }
  }
}
