public import Glibc

/// A value that one thread at a time may touch.
///
/// A POSIX mutex (POSIX.1-2017, `pthread_mutex_lock`) and not the standard library's `Mutex`: on Linux that one is a
/// bare futex, which ThreadSanitizer does not see, so that it reports a race wherever one is contended.
///
/// Unchecked: `value` is read and written only while `mutex` is held, and `mutex` has a fixed address, which `deinit`
/// alone gives back, when no other reference is left. The value is `Sendable`, so what `withLock` hands out of it may be
/// used without the lock.
public final class Locked<Value: Sendable & ~Copyable>: @unchecked Sendable {
  @usableFromInline var value: Value
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

  /// A value that nobody holds.
  public init(_ value: consuming Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    let status = pthread_mutex_init(mutex, nil)
    precondition(status == 0, "a mutex with default attributes cannot be made: error \(status)")
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deinitialize(count: 1)
    mutex.deallocate()
  }

  /// Runs `body` with the value while no other thread has it, waiting for the one that does.
  ///
  /// The lock is not recursive: a `body` that comes back to the same `Locked` waits forever. It must not wait for
  /// anything else either, for every thread that wants the value waits with it.
  ///
  /// - Parameter body: reads or changes the value; what it has changed stays changed when it throws.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws, and nothing else.
  @inlinable
  public func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
