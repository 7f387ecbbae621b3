/// Work that is due at a time on its loop; made by `EventLoop.schedule(after:_:)`.
public final class LoopTimer {
  private let loop: any LoopExecutor
  private var work: (() -> Void)?
  let deadline: Int64
  /// Its place in the loop's heap, -1 outside.
  fileprivate var index = -1

  init(loop: any LoopExecutor, deadline: Int64, work: @escaping () -> Void) {
    self.loop = loop
    self.deadline = deadline
    self.work = work
  }

  /// Whether it has neither fired nor been cancelled.
  public var isPending: Bool { work != nil }

  /// Forgets the work; nothing happens where it has run already. On the loop only.
  public func cancel() {
    if work == nil { return }
    loop.cancel(self)
    work = nil
  }

  func fire() {
    let work = self.work
    self.work = nil
    work?()
  }

  fileprivate func abandon() { work = nil }
}

/// A binary heap of timers, the earliest first; a timer knows its place, so that cancelling costs log n.
struct TimerHeap {
  private var timers: [LoopTimer] = []

  var first: LoopTimer? { timers.first }

  mutating func insert(_ timer: LoopTimer) {
    timer.index = timers.count
    timers.append(timer)
    raise(timer.index)
  }

  mutating func remove(_ timer: LoopTimer) {
    let index = timer.index
    guard timers.indices.contains(index), timers[index] === timer else { return }
    timer.index = -1
    let last = timers.removeLast()
    if last === timer { return }
    timers[index] = last
    last.index = index
    raise(index)
    lower(last.index)
  }

  mutating func popFirst(dueBy now: Int64) -> LoopTimer? {
    guard let first = timers.first, first.deadline <= now else { return nil }
    remove(first)
    return first
  }

  mutating func removeAll() {
    for timer in timers {
      timer.index = -1
      timer.abandon()
    }
    timers = []
  }

  private mutating func exchange(_ first: Int, _ second: Int) {
    timers.swapAt(first, second)
    timers[first].index = first
    timers[second].index = second
  }

  private mutating func raise(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      if timers[parent].deadline <= timers[index].deadline { return }
      exchange(index, parent)
      index = parent
    }
  }

  private mutating func lower(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < timers.count {
        if timers[child].deadline < timers[least].deadline { least = child }
      }
      if least == index { return }
      exchange(index, least)
      index = least
    }
  }
}
