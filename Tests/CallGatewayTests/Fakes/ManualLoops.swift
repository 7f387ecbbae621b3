import Glibc
import Locking

@testable import GRPCTransport

/// Loops whose time the test sets: nothing happens but within ``run(on:_:)`` and ``advance(by:)``, on the test's thread.
final class ManualLoops {
  let loops: [ManualLoop]
  private var now = Duration.seconds(1000)

  init(_ count: Int = 1) {
    loops = (0..<count).map { _ in ManualLoop() }
    for loop in loops { loop.time = now }
  }

  /// Does something on a loop, then all that comes of it on any loop.
  func run<Result>(on loop: ManualLoop, _ work: () throws -> Result) rethrows -> Result {
    let result = try loop.enter(work)
    settle()
    return result
  }

  /// Does everything that is queued.
  func settle() { while loops.reduce(false, { $1.runQueued() || $1.rest() || $0 }) {} }

  /// Lets time pass: every timer fires when it is due, on all loops in order.
  func advance(by time: Duration) {
    settle()
    let end = now + time
    while let next = loops.compactMap(\.nextDeadline).min(), next <= end {
      set(max(next, now))
      for loop in loops { loop.fireTimers() }
      settle()
    }
    set(end)
  }

  private func set(_ time: Duration) {
    now = time
    for loop in loops { loop.time = time }
  }
}

/// One of ``ManualLoops``.
///
/// `@unchecked Sendable`: the test's thread alone touches what is not locked; bots and receivers run on it too, within
/// `runQueued()`.
final class ManualLoop: LoopExecutor, @unchecked Sendable {
  private enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  fileprivate var time = Duration.zero
  private let queued = Locked<[Work]>([])
  private let owner = Locked<pthread_t?>(nil)
  private var timers = TimerHeap()
  private var restless: [any LoopRester] = []

  var isCurrent: Bool { owner.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }
  var now: Duration { time }

  func execute(_ work: @escaping @Sendable () -> Void) { queued.withLock { $0.append(.closure(work)) } }
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queued.withLock { $0.append(.job(job)) }
  }

  func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer {
    preconditionIsCurrent()
    let timer = LoopTimer(loop: self, deadline: EventLoop.nanoseconds(of: time + delay), work: work)
    timers.insert(timer)
    return timer
  }

  func cancel(_ timer: LoopTimer) {
    preconditionIsCurrent()
    timers.remove(timer)
  }

  func tellBeforeRest(_ rester: any LoopRester) {
    preconditionIsCurrent()
    restless.append(rester)
  }

  fileprivate func rest() -> Bool {
    let told = restless
    restless = []
    enter { for rester in told { rester.loopRests() } }
    return !told.isEmpty
  }

  fileprivate func enter<Result>(_ work: () throws -> Result) rethrows -> Result {
    let before = owner.withLock { owner in
      defer { owner = pthread_self() }
      return owner
    }
    defer { owner.withLock { $0 = before } }
    return try work()
  }

  fileprivate var nextDeadline: Duration? { timers.first.map { .nanoseconds($0.deadline) } }

  fileprivate func fireTimers() {
    enter { while let timer = timers.popFirst(dueBy: EventLoop.nanoseconds(of: time)) { timer.fire() } }
  }

  fileprivate func runQueued() -> Bool {
    let work = queued.withLock { queued in
      defer { queued = [] }
      return queued
    }
    enter {
      for item in work {
        switch item {
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .closure(let closure): closure()
        }
      }
    }
    return !work.isEmpty
  }
}
