import Synchronization

/// Whether a loop finds time to sleep, readable from any thread.
///
/// The C core reads sockets inside the call that waits for events, so neither the time in that call nor the lateness of
/// timers tells how busy a loop is: a loop that cannot keep up never finds its queue empty. Noted is when it last did.
public final class LoopActivity: Sendable {
  /// A stretch without sleep counts from this length on: what a burst takes is no overload.
  static let leastStretch: Int64 = 100_000_000

  private let lastIdle = Atomic<Int64>(0)
  private let isSleeping = Atomic<Bool>(false)
  private let sleepless = Atomic<Int64>(0)
  private let longest = Atomic<Int64>(0)

  /// Nanoseconds, up to `now`, that the loop went without sleep in stretches of 100 ms or more.
  ///
  /// - Parameter now: the clock of ``EventLoop/now``.
  public func sleeplessNanoseconds(now: Int64) -> Int64 {
    let past = sleepless.load(ordering: .acquiring)
    guard !isSleeping.load(ordering: .acquiring) else { return past }
    let stretch = now - lastIdle.load(ordering: .acquiring)
    return stretch < Self.leastStretch ? past : past + stretch
  }

  /// The longest stretch, up to `now`, in which the queue was not found to be empty, in nanoseconds; of those that ended
  /// since this was asked for, and the one that lasts. Nothing in the queue has waited for longer.
  ///
  /// - Parameter now: the clock of ``EventLoop/now``.
  public func takeLongestStretch(now: Int64) -> Int64 {
    let past = longest.exchange(0, ordering: .relaxed)
    return isSleeping.load(ordering: .acquiring) ? past : max(past, now - lastIdle.load(ordering: .acquiring))
  }

  // MARK: On the loop

  /// When the loop was last seen to be idle, or began.
  var idleSince: Int64 { lastIdle.load(ordering: .relaxed) }

  func began(now: Int64) { lastIdle.store(now, ordering: .releasing) }

  /// The queue is empty, and the loop goes to sleep.
  func fellAsleep(now: Int64) {
    let stretch = now - idleSince
    if stretch >= Self.leastStretch { sleepless.add(stretch, ordering: .releasing) }
    longest.max(stretch, ordering: .relaxed)
    isSleeping.store(true, ordering: .releasing)
  }

  /// The queue is empty, and the loop does not sleep: there is something that waited for that.
  func foundNothing(now: Int64) {
    fellAsleep(now: now)
    awoke(now: now)
  }

  func awoke(now: Int64) {
    lastIdle.store(now, ordering: .releasing)
    isSleeping.store(false, ordering: .releasing)
  }
}
