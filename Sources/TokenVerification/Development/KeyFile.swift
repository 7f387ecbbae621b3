import Glibc

extension DevelopmentIssuer {
  /// An issuer with the key of a PEM file, which nobody but its owner may read.
  public init(keyFile path: String, issuer: String = Self.defaultIssuer) throws(SigningKeyError) {
    self.init(issuer: issuer, key: try RSAPrivateKey(pem: try KeyFile.read(path)))
  }

  /// An issuer with the key of a PEM file, which is made first if it is not there. Two processes that do this at once
  /// end up with one key.
  public init(creatingKeyFile path: String, issuer: String = Self.defaultIssuer) throws(SigningKeyError) {
    do throws(SigningKeyError) {
      try self.init(keyFile: path, issuer: issuer)
    } catch .file(operation: _, errno: ENOENT) {
      try self.init(issuer: issuer)
      do throws(SigningKeyError) {
        try KeyFile.create(path, key.pem())
      } catch .file(operation: _, errno: EEXIST) {
        try self.init(keyFile: path, issuer: issuer)
      }
    }
  }

  /// Writes the key as a PEM file of mode 0600, replacing what is there, in one step.
  public func save(keyFile path: String) throws(SigningKeyError) {
    try KeyFile.replace(path, key.pem())
  }
}

enum SystemError {
  /// What an `errno` means. glibc's `strerror` has a buffer per thread.
  static func text(_ errno: Int32) -> String {
    strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
  }
}

/// Files of secrets: mode 0600, complete or not there.
private enum KeyFile {
  static let maximumBytes = 16_384

  static func read(_ path: String) throws(DevelopmentIssuer.SigningKeyError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .file(operation: "open", errno: errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .file(operation: "examine", errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAnRSAKey }
    guard status.st_mode & 0o077 == 0 else { throw .readableByOthers(mode: status.st_mode & 0o777) }
    var bytes = [UInt8](repeating: 0, count: maximumBytes)
    var count = 0
    while count < bytes.count {
      let length = bytes.count - count
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: count), length) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .file(operation: "read", errno: errno) }
      if got == 0 { break }
      count += got
    }
    return Array(bytes.prefix(count))
  }

  /// Writes a file that must not exist yet.
  static func create(_ path: String, _ bytes: [UInt8]) throws(DevelopmentIssuer.SigningKeyError) {
    let temporary = try write(bytes, beside: path)
    defer { unlink(temporary) }
    // A link fails where the name is taken, which a rename would not.
    guard link(temporary, path) == 0 else { throw .file(operation: "create", errno: errno) }
  }

  static func replace(_ path: String, _ bytes: [UInt8]) throws(DevelopmentIssuer.SigningKeyError) {
    let temporary = try write(bytes, beside: path)
    guard rename(temporary, path) == 0 else {
      let error = errno
      unlink(temporary)
      throw .file(operation: "replace", errno: error)
    }
  }

  /// Writes a file of a fresh name in the folder of `path` and returns the name. `mkstemp` makes it with mode 0600.
  private static func write(_ bytes: [UInt8], beside path: String) throws(DevelopmentIssuer.SigningKeyError) -> String {
    var template = Array((path + ".XXXXXX").utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw .file(operation: "create", errno: errno) }
    let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var written = 0
    var failure: Int32 = 0
    while written < bytes.count {
      let length = bytes.count - written
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: written), length) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        failure = count < 0 ? errno : EIO
        break
      }
      written += count
    }
    if failure == 0, fsync(file) != 0 { failure = errno }
    if close(file) != 0, failure == 0 { failure = errno }
    guard failure == 0 else {
      unlink(name)
      throw .file(operation: "write", errno: failure)
    }
    return name
  }
}
