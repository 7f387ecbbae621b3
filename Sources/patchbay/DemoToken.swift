import Glibc

/// Where the embedded demo leaves its token for `patchbay call`: a file that only its owner can read.
enum DemoToken {
  /// Why the token could not be written or read.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// `$XDG_RUNTIME_DIR/patchbay-UID/demo-token`, or below `/tmp`.
  static var path: String { "\(folder)/demo-token" }

  private static var folder: String {
    let base = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
    return "\(base.isEmpty ? "/tmp" : base)/patchbay-\(getuid())"
  }

  /// Writes the token, in one step, for the owner alone. Gives the path.
  static func write(_ token: String) throws(Failure) -> String {
    mkdir(folder, 0o700)
    try checkFolder()
    let temporary = "\(path).\(getpid())"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("cannot create \(temporary)") }
    let bytes = Array((token + "\n").utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
    guard written == bytes.count, rename(temporary, path) == 0 else { throw failure("cannot write \(path)") }
    return path
  }

  /// The folder must be ours alone: below `/tmp` anybody could have made one of this name.
  private static func checkFolder() throws(Failure) {
    var status = stat()
    guard lstat(folder, &status) == 0 else { throw failure("cannot make the folder \(folder)") }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
      throw Failure(
        description: "\(folder) is not a folder of your own with mode 0700; remove it, or set XDG_RUNTIME_DIR")
    }
  }

  private static func failure(_ what: String) -> Failure {
    Failure(description: "\(what): \(String(cString: strerror(errno)))")
  }
}
