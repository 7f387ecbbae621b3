/// One thread's worth of work with its clock and its timers: what everything that belongs to a call lives on.
///
/// ``EventLoop`` is the one that serves. A test has one whose time it sets.
public protocol LoopExecutor: TaskExecutor, AnyObject {
  /// Whether the caller runs on this loop's thread.
  var isCurrent: Bool { get }

  /// The time since some fixed moment; no change of the wall clock moves it.
  var now: Duration { get }

  /// Runs a closure on the loop, after what is already queued. From any thread.
  func execute(_ work: @escaping @Sendable () -> Void)

  /// Runs `work` on the loop once the time has passed; on the loop only.
  @discardableResult
  func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer

  /// Forgets a timer; ``LoopTimer/cancel()`` is what to call.
  func cancel(_ timer: LoopTimer)

  /// Tells `rester` once, before the loop sleeps next: when nothing is left of what has arrived, or after a
  /// number of events. On the loop only. A loop that cannot tell when that is does it at once.
  func tellBeforeRest(_ rester: any LoopRester)
}

/// Somebody who does for all that has arrived at once what would cost more one by one.
public protocol LoopRester: AnyObject {
  /// The loop is about to sleep. On the loop.
  func loopRests()
}

extension LoopExecutor {
  /// At once.
  public func tellBeforeRest(_ rester: any LoopRester) { rester.loopRests() }

  /// Traps with a clear message on any other thread than this loop's.
  public func preconditionIsCurrent(_ function: StaticString = #function) {
    precondition(isCurrent, "\(function) belongs to the thread of its event loop, and was called on another")
  }
}
