/// Notices that this process did not run for so long that its lease may have run out: it was stopped, or its machine
/// slept. Meanwhile others may have taken its conversations over.
///
/// A pure value. The clock is one that goes on while the machine sleeps (`CLOCK_BOOTTIME`).
struct PauseWatch: Sendable {
  /// Shorter than the lease, which has run since it was last renewed: some time before the process stood still.
  private let longest: Duration
  private var last: Duration
  /// Whether a pause was noticed, and ``settled(_:now:)`` has not been called since.
  private(set) var isPaused = false
  /// Pauses so far. What is read before one says nothing of the time after it.
  private(set) var count = 0

  init(lease: Duration, now: Duration) {
    longest = lease * 2 / 3
    last = now
  }

  /// The process runs. To be called several times within a lease.
  mutating func beat(now: Duration) {
    notice(now)
    last = now
  }

  /// Whether the process may act on what it knows.
  mutating func mayAct(now: Duration) -> Bool {
    notice(now)
    return !isPaused
  }

  private mutating func notice(_ now: Duration) {
    guard now - last >= longest else { return }
    isPaused = true
    count += 1
  }

  /// What was known before a pause has come to be acted on after it: the records are to be read once more.
  mutating func reopen() {
    isPaused = true
    count += 1
  }

  /// The records were read: what is still owned is known, unless the process stood still once more since there were
  /// `count` pauses.
  mutating func settled(_ count: Int, now: Duration) -> Bool {
    beat(now: now)
    guard count == self.count else { return false }
    isPaused = false
    return true
  }
}
