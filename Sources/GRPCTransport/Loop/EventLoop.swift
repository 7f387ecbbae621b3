import Basics
import CGRPC
import Locking
import Synchronization

/// One completion queue of the C core with the thread that serves it, its timers, and an executor for tasks.
///
/// Everything that belongs to an RPC of this loop happens on this one thread, one thing after another: its handler
/// needs no lock. Slow work (bots, HTTP, files) belongs in tasks that prefer this executor:
/// `Task(executorPreference: call.loop) { … }` resumes on the loop's thread between two events, without a hop through
/// the default pool. Nothing that runs here may block.
///
/// `@unchecked Sendable`: the stored properties below the mark are touched by the loop's thread alone (by the thread
/// that runs the last jobs, one at a time, once the loop is closed); everything else is constant, atomic or in a mutex.
public final class EventLoop: SerialExecutor, LoopExecutor, @unchecked Sendable {
  /// A piece of work to run on the loop.
  enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  private struct Inbox {
    enum State { case open, draining, closed }
    var work: [Work] = []
    var state = State.open
    /// Closed, and a thread is running what came in late.
    var lateRunner = false
  }

  /// How many events may pass before what waits for the queue to be empty is done all the same: a half-close is
  /// reported, and who wants to be told before the loop rests is told.
  private static let mostEventsUntilSettled = 64

  /// While the loop was seen to be idle within this time, nobody looks whether it is, in nanoseconds.
  private static let idleInterval: Int64 = 20_000_000

  /// Whether the loop finds time to sleep.
  public let activity = LoopActivity()
  let queue: OpaquePointer
  private let wake: OpaquePointer
  private let name: String
  private let inbox = Locked(Inbox())
  private let hasInbox = Atomic(false)
  private let asleep = Atomic(false)
  private let thread = Locked<UInt64?>(nil)

  // MARK: The loop's thread only

  // What an event touches. Nothing that has hold of one of these calls out meanwhile, so that no two accesses overlap: the
  // check would cost as much as all else that the loop does for an event.
  @exclusivity(unchecked) private var local: [Work] = []
  @exclusivity(unchecked) private var running: [Work] = []
  @exclusivity(unchecked) private var timers = TimerHeap()
  @exclusivity(unchecked) private var unflushed: [Call] = []
  @exclusivity(unchecked) private var flushing: [Call] = []
  @exclusivity(unchecked) private var unsettled: [ServerCall] = []
  @exclusivity(unchecked) private var eventsSinceUnsettled = 0
  @exclusivity(unchecked) private var restless: [any LoopRester] = []
  @exclusivity(unchecked) private var eventsSinceRestless = 0
  private var closers: [ObjectIdentifier: () -> Void] = [:]
  private var queueIsDown = false

  init(name: String) {
    self.name = name
    queue = pb_queue_create()
    wake = pb_wake_create(queue, Operation.wake.rawValue)
  }

  /// Whether the caller runs on this loop's thread.
  public var isCurrent: Bool { pb_current_loop() == Unmanaged.passUnretained(self).toOpaque() }

  /// The loop that owns the calling thread, if one does.
  public static var current: EventLoop? {
    guard let loop = pb_current_loop() else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(loop).takeUnretainedValue()
  }

  /// Runs a closure on the loop, after what is already queued. From any thread.
  ///
  /// The loop is woken only where it sleeps: from its own thread this costs an array append.
  public func execute(_ work: @escaping @Sendable () -> Void) { enqueue(.closure(work)) }

  /// Runs `work` on the loop once the time has passed; on the loop only.
  ///
  /// The resolution is a millisecond. A timer that nobody cancels keeps its closure until it fires.
  @discardableResult
  public func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer {
    preconditionIsCurrent()
    let timer = LoopTimer(loop: self, deadline: Self.deadline(after: delay), work: work)
    timers.insert(timer)
    return timer
  }

  /// Part of being a loop; see ``LoopTimer/cancel()``.
  public func cancel(_ timer: LoopTimer) {
    preconditionIsCurrent()
    timers.remove(timer)
  }

  /// Part of being a loop.
  public func tellBeforeRest(_ rester: any LoopRester) {
    preconditionIsCurrent()
    guard isOpen else { return rester.loopRests() }
    restless.append(rester)
  }

  /// Nanoseconds of the monotonic clock, `delay` from now; a delay beyond a century is a century.
  static func deadline(after delay: Duration) -> Int64 { pb_now() + nanoseconds(of: delay) }

  static func nanoseconds(of duration: Duration) -> Int64 {
    let century: Int64 = 3_155_760_000
    return min(max(0, duration.nanoseconds), century * 1_000_000_000)
  }
}

// MARK: - Executor

extension EventLoop {
  /// Part of being an executor; `execute(_:)` is the call for closures.
  public func enqueue(_ job: consuming ExecutorJob) { enqueue(.job(UnownedJob(job))) }

  /// Part of being an executor.
  public func checkIsolated() { preconditionIsCurrent() }

  private func enqueue(_ work: Work) {
    if isCurrent {
      local.append(work)
      return
    }
    let runHere = inbox.withLock { inbox in
      inbox.work.append(work)
      hasInbox.store(true, ordering: .sequentiallyConsistent)
      switch inbox.state {
      case .open:
        // Under the lock, so that a loop that closes waits for the wake to be posted.
        if asleep.exchange(false, ordering: .sequentiallyConsistent) { pb_wake_post(wake) }
        return false
      case .draining: return false
      case .closed:
        defer { inbox.lateRunner = true }
        return !inbox.lateRunner
      }
    }
    if runHere { runLateWork() }
  }

  /// Jobs that come after the thread has ended run on their sender's thread, still one at a time, so that no task
  /// is left hanging.
  private func runLateWork() {
    pb_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    defer { pb_set_current_loop(nil) }
    while true {
      runWork()
      let finished = inbox.withLock { inbox in
        let finished = inbox.work.isEmpty && local.isEmpty
        if finished { inbox.lateRunner = false }
        return finished
      }
      if finished { return }
    }
  }

  private func run(_ work: Work) {
    switch work {
    case .job(let job):
      job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    case .closure(let closure): closure()
    }
  }

  /// Runs what is queued, and what that queues, but lets the network have its turn after some rounds.
  private func runWork() {
    for _ in 0..<16 {
      if hasInbox.load(ordering: .sequentiallyConsistent) {
        inbox.withLock { inbox in
          local.append(contentsOf: inbox.work)
          inbox.work.removeAll(keepingCapacity: true)
          hasInbox.store(false, ordering: .sequentiallyConsistent)
        }
      }
      if local.isEmpty { break }
      swap(&local, &running)
      for work in running { run(work) }
      running.removeAll(keepingCapacity: true)
      flush()
    }
  }
}

// MARK: - The thread

extension EventLoop {
  func start() throws(ThreadError) {
    var identifier: UInt64 = 0
    let result = pb_thread_start(
      name,
      { context in
        guard let context else { return }
        Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().runThread()
      }, Unmanaged.passRetained(self).toOpaque(), &identifier)
    guard result == 0 else {
      Unmanaged.passUnretained(self).release()
      throw ThreadError(code: result)
    }
    thread.withLock { $0 = identifier }
  }

  private func runThread() {
    pb_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    activity.began(now: pb_now())
    while true {
      runWork()
      let event = nextEvent()
      asleep.store(false, ordering: .sequentiallyConsistent)
      switch Int(event.kind) {
      case Int(PB_EVENT_COMPLETED):
        dispatch(event)
        rest(queueIsEmpty: false)
        settle(queueIsEmpty: false)
      case Int(PB_EVENT_TIMEOUT):
        rest(queueIsEmpty: true)
        settle(queueIsEmpty: true)
      default:
        close()
        return
      }
      fireTimers()
      flush()
    }
  }

  /// The next event, for which the thread sleeps where there is none. Notes every now and then that it does: only an
  /// empty queue tells that the loop keeps up.
  private func nextEvent() -> pb_event {
    let deadline = nextDeadline()
    let now = pb_now()
    // Nothing may be slept through unnoticed for longer than the interval.
    let nextLook = activity.idleSince + Self.idleInterval
    guard now >= nextLook else { return pb_queue_next(queue, min(deadline, nextLook)) }
    guard deadline > now, !queueIsDown else {
      let event = pb_queue_next(queue, deadline)
      // What only waited for the queue to be empty is no work that is behind.
      if Int(event.kind) == Int(PB_EVENT_TIMEOUT), local.isEmpty { activity.foundNothing(now: pb_now()) }
      return event
    }
    let event = pb_queue_next(queue, 0)
    guard Int(event.kind) == Int(PB_EVENT_TIMEOUT) else { return event }
    activity.fellAsleep(now: pb_now())
    defer { activity.awoke(now: pb_now()) }
    return pb_queue_next(queue, deadline)
  }

  /// The clock of ``LoopActivity``, in nanoseconds.
  public static var now: Int64 { pb_now() }

  /// The same as a duration.
  public var now: Duration { .nanoseconds(pb_now()) }

  private func nextDeadline() -> Int64 {
    if !local.isEmpty || !unsettled.isEmpty || !restless.isEmpty { return 0 }
    if queueIsDown { return pb_now() + 5_000_000 }  // nobody can wake a queue that is shutting down
    asleep.store(true, ordering: .sequentiallyConsistent)
    if hasInbox.load(ordering: .sequentiallyConsistent) { return 0 }
    return timers.first?.deadline ?? .max
  }

  private func fireTimers() {
    guard let first = timers.first else { return }
    let now = pb_now()
    if first.deadline > now { return }
    while let timer = timers.popFirst(dueBy: now) { timer.fire() }
  }

  /// Ends the thread once every operation has come back. Calls and servers have to be over; channels are closed.
  func stop() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      execute {
        let closers = self.closers
        self.closers = [:]
        for close in closers.values { close() }
        // A call that was opened a moment ago has nothing outstanding yet, and could start nothing later.
        self.flush()
        self.inbox.withLock { $0.state = .draining }
        self.queueIsDown = true
        pb_queue_shutdown(self.queue)
        done.resume()
      }
    }
  }

  /// Waits for the thread to have ended. Blocks.
  func join() {
    guard let identifier = thread.withLock({ $0.take() }) else { return }
    pb_thread_join(identifier)
  }

  private func close() {
    rest(queueIsEmpty: true)
    runWork()
    timers.removeAll()
    pb_wake_destroy(wake)
    pb_queue_destroy(queue)
    pb_set_current_loop(nil)
    let late = inbox.withLock { inbox in
      inbox.state = .closed
      if inbox.work.isEmpty && local.isEmpty { return false }
      inbox.lateRunner = true
      return true
    }
    if late { runLateWork() }
  }

  /// Whether operations may still be begun. Events from before the loop's end arrive after it, and the C core aborts the
  /// process where an operation is begun on a queue that is down.
  var isOpen: Bool { !queueIsDown }

  func whenClosing(_ owner: AnyObject, _ close: @escaping () -> Void) { closers[ObjectIdentifier(owner)] = close }
  func forgetClosing(_ owner: ObjectIdentifier) { closers[owner] = nil }
}

// MARK: - Events

extension EventLoop {
  private func dispatch(_ event: pb_event) {
    guard let operation = Operation(rawValue: event.operation), let owner = event.owner else { return }  // a wake
    switch operation {
    case .wake: break
    case .callArrived: Self.object(owner, as: RequestSlot.self).arrived(event.ok)
    case .serverStopped: Self.object(owner, as: Acceptor.self).stopped()
    case .sent: Self.object(owner, as: Call.self).sent(event.ok)
    case .received: Self.object(owner, as: Call.self).messageArrived()
    case .closed: Self.object(owner, as: Call.self).closeArrived()
    case .headers: Self.object(owner, as: Call.self).headersArrived(event.ok)
    }
  }

  private static func object<T: AnyObject>(_ owner: UnsafeMutableRawPointer, as type: T.Type) -> T {
    Unmanaged<T>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Starts the call's next batch when the current event or job is over, so that what a handler sends in one go,
  /// headers, message and status, leaves in one batch.
  func flushLater(_ call: Call) { unflushed.append(call) }

  private func flush() {
    while !unflushed.isEmpty {
      swap(&unflushed, &flushing)
      for call in flushing { call.flush() }
      flushing.removeAll(keepingCapacity: true)
    }
  }

  private func rest(queueIsEmpty: Bool) {
    if restless.isEmpty { return }
    eventsSinceRestless += 1
    if !queueIsEmpty && eventsSinceRestless < Self.mostEventsUntilSettled { return }
    eventsSinceRestless = 0
    while let rester = restless.popLast() { rester.loopRests() }
  }

  /// Reports the call's half-close when no event that is already queued says that the call was cancelled.
  func settleLater(_ call: ServerCall) { unsettled.append(call) }

  private func settle(queueIsEmpty: Bool) {
    if unsettled.isEmpty { return }
    eventsSinceUnsettled += 1
    if !queueIsEmpty && eventsSinceUnsettled < Self.mostEventsUntilSettled { return }
    eventsSinceUnsettled = 0
    let calls = unsettled
    unsettled.removeAll(keepingCapacity: true)
    for call in calls { call.settled() }
  }
}
