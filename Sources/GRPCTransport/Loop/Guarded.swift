import Glibc

/// A value behind a lock.
///
/// A POSIX mutex and not `Synchronization.Mutex`: ThreadSanitizer follows the one, and cannot see through the kernel's
/// part of the other.
///
/// `@unchecked Sendable`: the value is reached only with the lock held.
final class Guarded<Value>: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  init(_ value: Value) {
    self.value = value
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deinitialize(count: 1)
    lock.deallocate()
  }

  /// Runs a short piece of work with the lock held; it may not wait, nor take the lock again.
  func withLock<R, E>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body(&value)
  }
}
