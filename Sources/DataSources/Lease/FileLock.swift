import Basics
import Glibc

/// A lock that ends with its process at the latest (flock(2)): a file of its own beside the one that it protects, because
/// that one is replaced.
///
/// Held by whoever has the value; given back once, with ``unlock()``.
struct FileLock: Sendable {
  private let descriptor: Int32

  /// Waits for the lock, on the calling thread, at most so long.
  init(_ path: String, seconds: Int) throws(FileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path, cannotBe: "opened") }
    for _ in 0..<max(1, seconds * 100) {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        let failure = FileError(path, cannotBe: "locked")
        close(descriptor)
        throw failure
      }
      usleep(10_000)
    }
    close(descriptor)
    throw FileError(path, "is locked by another process for over \(seconds) s")
  }

  func unlock() { close(descriptor) }
}
