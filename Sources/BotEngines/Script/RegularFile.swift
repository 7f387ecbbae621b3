import Glibc

/// Reads regular files of a bounded size.
enum RegularFile {
  /// Why a file was not read.
  enum FileError: Error {
    /// What the system said.
    case unreadable(String)
    case notRegular
    case tooLong
  }

  /// All bytes of a file, at most `maximum`. Blocks.
  static func read(_ path: String, maximum: Int) throws(FileError) -> [UInt8] {
    // Non-blocking, or opening a named pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    guard status.st_size <= maximum else { throw .tooLong }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      // It may have grown since it was measured.
      guard bytes.count <= maximum else { throw .tooLong }
    }
  }
}
