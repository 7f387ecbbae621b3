import Basics
import Glibc

/// An open file of a recording: made for its owner only, locked while it is written, appended to.
///
/// The owner of one file descriptor. Not for use from two threads at once.
final class RecordedFile {
  let path: String
  private let descriptor: Int32
  /// Bytes written so far.
  private(set) var size: Int

  /// Makes a new file with mode 0600 and locks it: whoever finds it unlocked knows that its writer is gone.
  init(creating path: String) throws(RecordingError) {
    let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.failure("made", path) }
    self.path = path
    self.descriptor = descriptor
    size = 0
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Self.failure("locked", path) }
  }

  /// Opens a file that is there; with `forRepair` also for writing. Throws ``RecordingError/Code/live`` where its writer
  /// still has it and it is wanted for repair.
  init(opening path: String, forRepair: Bool = false) throws(RecordingError) {
    let descriptor = open(path, (forRepair ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.failure("opened", path) }
    self.path = path
    self.descriptor = descriptor
    size = 0
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw RecordingError(.file, "\(path) is no regular file")
    }
    size = Int(status.st_size)
    if forRepair, flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      throw RecordingError(.live, "\(path) is being written; wait for the end of the call")
    }
  }

  deinit { close(descriptor) }

  /// Whether a writer has the file at this moment.
  static func isLive(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// Appends all of `bytes`.
  func append(_ bytes: [UInt8]) throws(RecordingError) {
    try write(bytes, at: size)
    size += bytes.count
  }

  /// Writes over bytes that are there.
  func write(_ bytes: [UInt8], at offset: Int) throws(RecordingError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(offset + done))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("written", path) }
      done += count
    }
  }

  /// Bytes from an offset; fewer than asked for at the end.
  func read(_ count: Int, at offset: Int) throws(RecordingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Self.failure("read", path) }
      if got == 0 { break }
      done += got
    }
    bytes.removeSubrange(done...)
    return bytes
  }

  /// Cuts the file to a length.
  func truncate(to length: Int) throws(RecordingError) {
    guard ftruncate(descriptor, off_t(length)) == 0 else { throw Self.failure("cut", path) }
    size = length
  }

  /// Waits until the disk has it.
  func sync() throws(RecordingError) {
    guard fdatasync(descriptor) == 0 else { throw Self.failure("synchronized", path) }
  }

  static func failure(_ what: String, _ path: String) -> RecordingError {
    let code = errno
    let reason = String(cString: strerror(code))
    return RecordingError(code == ENOENT ? .notFound : .file, "\(path) could not be \(what): \(reason)")
  }
}

/// Folders of recordings.
enum Folder {
  /// Makes a folder for its owner only, unless it is there.
  static func make(_ path: String) throws(RecordingError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw RecordedFile.failure("made", path) }
  }

  /// The names in a folder, in order.
  static func names(in path: String) throws(RecordingError) -> [String] {
    guard let names = BoundedFile.names(in: path) else { throw RecordedFile.failure("read", path) }
    return names
  }

  /// Removes a file; one that is not there is removed already.
  static func remove(_ path: String) throws(RecordingError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw RecordedFile.failure("removed", path) }
  }
}

extension RecordedFile {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// When a file was last changed, in seconds since 1970.
  static func modified(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_mtim.tv_sec) : nil
  }
}
