import Glibc

/// A value that one thread at a time may touch. A POSIX mutex and not the standard library's: that one is a bare futex,
/// which ThreadSanitizer does not see, so that every use of it would be reported as a race.
///
/// Unchecked: `value` is read and written only while `mutex` is held, and `mutex` has a fixed address and is freed by
/// `deinit` only.
final class Locked<Value: Sendable>: @unchecked Sendable {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deinitialize(count: 1)
    mutex.deallocate()
  }

  /// Runs `body` with the value. It must not wait for anything, nor come back here.
  func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
