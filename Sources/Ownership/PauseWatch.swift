/// Notices that this process did not run for longer than its lease: it was stopped, or its machine slept. Meanwhile others
/// may have taken its conversations over.
///
/// A pure value. The clock is one that goes on while the machine sleeps (`CLOCK_BOOTTIME`).
struct PauseWatch: Sendable {
  private let lease: Duration
  private var last: Duration
  /// Whether a pause was noticed, and ``settled()`` has not been called since.
  private(set) var isPaused = false

  init(lease: Duration, now: Duration) {
    self.lease = lease
    last = now
  }

  /// The process runs. To be called several times within a lease.
  mutating func beat(now: Duration) {
    if now - last >= lease { isPaused = true }
    last = now
  }

  /// Whether the process may act on what it knows.
  mutating func mayAct(now: Duration) -> Bool {
    if now - last >= lease { isPaused = true }
    return !isPaused
  }

  /// The records were read: what is still owned is known.
  mutating func settled(now: Duration) {
    isPaused = false
    last = now
  }
}
