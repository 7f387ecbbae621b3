/// What is to be done with a call.
enum CallOrder: Sendable, Equatable {
  /// A call is begun in a place that is free.
  ///
  /// `number` counts the calls or callers of the run from 0; `due` is when it was to begin, where that is a matter of
  /// the plan.
  case begin(slot: Int, number: Int, due: Duration?)
  /// A call hangs up after its turn.
  case endSoon(slot: Int)
  /// A call that was due was not begun, and will not be, so long after it was due.
  case miss(after: Duration)
}

/// Which calls of a loop are begun and ended when. All times count from the start of the run.
protocol CallPlan: Sendable {
  /// What is due. To be asked every few milliseconds.
  mutating func look(at now: Duration) -> [CallOrder]
  /// A call is over. `random` is 0 to 1 and spreads callers who failed together.
  mutating func over(slot: Int, _ outcome: CallOutcome, at now: Duration, random: Double)
  /// No more calls are begun; `endsCalls` says whether those that are up hang up after their turn.
  mutating func stop(at now: Duration, endsCalls: Bool) -> [CallOrder]
  /// Whether no call is up and none will be.
  var isDone: Bool { get }
}

/// Callers who hold so many calls at once and call again (a closed loop). A slot is a caller of the whole run.
struct HeldCalls: CallPlan {
  private let place: Int
  private let stride: Int
  private let all: Int
  private let end: Duration?
  private let callsEach: Int
  /// How many calls of each caller are over.
  private var made: [Int: Int] = [:]
  private var cursor: LoadCurve.Cursor
  /// So many of this loop's callers are to have a call.
  private var raised = 0
  private var live: Set<Int> = []
  /// Callers who call again, the next one last.
  private var again: [(slot: Int, at: Duration)] = []
  private var waiting: Set<Int> = []
  private var backOff: [Int: CallBackOff] = [:]
  private var refused: Set<Int> = []
  private var isStopping = false

  /// The callers of one loop: every `stride`-th of all, from `place`.
  init(_ load: ReplayLoad, place: Int, stride: Int) {
    self.place = place
    self.stride = max(1, stride)
    cursor = LoadCurve.Cursor(load.curve)
    end = load.end
    callsEach = load.callsEach
    all = Self.share(load.mostCalls, place: place, stride: stride)
  }

  private static func share(_ calls: Int, place: Int, stride: Int) -> Int {
    max(0, (calls - place + stride - 1) / stride)
  }

  var isDone: Bool { live.isEmpty && (isStopping || (end == nil && raised == all && again.isEmpty)) }

  mutating func look(at now: Duration) -> [CallOrder] {
    guard !isStopping else { return [] }
    if let end, now >= end { return stop(at: now, endsCalls: true) }
    var orders: [CallOrder] = []
    let wanted = min(all, Self.share(cursor.calls(at: now), place: place, stride: stride))
    while raised < wanted {
      let slot = place + raised * stride
      raised += 1
      guard !live.contains(slot), !refused.contains(slot), !waiting.contains(slot) else { continue }
      begin(slot, &orders)
    }
    while raised > wanted {
      raised -= 1
      let slot = place + raised * stride
      if live.contains(slot) { orders.append(.endSoon(slot: slot)) }
    }
    while let next = again.last, next.at <= now {
      again.removeLast()
      waiting.remove(next.slot)
      if !live.contains(next.slot), next.slot < place + raised * stride { begin(next.slot, &orders) }
    }
    return orders
  }

  private mutating func begin(_ slot: Int, _ orders: inout [CallOrder]) {
    live.insert(slot)
    orders.append(.begin(slot: slot, number: slot, due: nil))
  }

  mutating func over(slot: Int, _ outcome: CallOutcome, at now: Duration, random: Double) {
    live.remove(slot)
    guard !isStopping else { return }
    made[slot, default: 0] += 1
    guard end != nil || made[slot, default: 0] < callsEach else { return }
    guard let pause = backOff[slot, default: CallBackOff()].next(after: outcome, random: random) else {
      refused.insert(slot)
      return
    }
    let at = now + pause
    waiting.insert(slot)
    // The next one last: later ones come before.
    again.insert((slot, at), at: again.firstIndex { $0.at <= at } ?? again.endIndex)
  }

  mutating func stop(at now: Duration, endsCalls: Bool) -> [CallOrder] {
    isStopping = true
    again = []
    return endsCalls ? live.sorted().map { .endSoon(slot: $0) } : []
  }
}

/// Callers who come when they come (an open loop).
struct ArrivingCalls: CallPlan {
  /// Calls that may wait to be begun; more are missed.
  static let mostWaiting = 100_000

  private let place: Int
  private let stride: Int
  private let end: Duration
  /// The next call that becomes due, of all loops.
  private var arriving: ArrivalTimes
  /// The next call that is begun, of all loops: one that is due already where calls wait.
  private var beginning: ArrivalTimes
  private var waiting = 0
  private var free: [Int]
  private var live: Set<Int> = []
  private var isStopping = false

  /// The calls of one loop: every `stride`-th of all, from `place`, with its part of the cap.
  init(_ load: ReplayLoad, _ spread: Arrivals, cap: Int, place: Int, stride: Int) {
    self.place = place
    self.stride = max(1, stride)
    end = load.end ?? .zero
    arriving = ArrivalTimes(load.curve, spread)
    beginning = arriving
    // The lowest one last: it is the next.
    free = (0..<max(1, (cap - place + stride - 1) / max(1, stride))).reversed()
    skip(&arriving)
    skip(&beginning)
  }

  /// Over the calls of other loops.
  private func skip(_ times: inout ArrivalTimes) {
    while times.next != nil, times.number % stride != place { times.advance() }
  }

  private func take(_ times: inout ArrivalTimes) -> (number: Int, due: Duration)? {
    guard let due = times.next else { return nil }
    defer {
      times.advance()
      skip(&times)
    }
    return (times.number, due)
  }

  var isDone: Bool { live.isEmpty && waiting == 0 && (isStopping || arriving.next == nil) }

  mutating func look(at now: Duration) -> [CallOrder] {
    guard !isStopping else { return [] }
    var orders: [CallOrder] = []
    while let due = arriving.next, due <= now {
      _ = take(&arriving)
      waiting += 1
      if waiting > Self.mostWaiting { miss(at: now, &orders) }
    }
    while waiting > 0, let slot = free.popLast() {
      guard let call = take(&beginning) else { break }
      waiting -= 1
      live.insert(slot)
      orders.append(.begin(slot: slot, number: call.number, due: call.due))
    }
    // When the time is over, nobody waits any longer for those that are up.
    if now >= end { while waiting > 0 { miss(at: now, &orders) } }
    return orders
  }

  private mutating func miss(at now: Duration, _ orders: inout [CallOrder]) {
    waiting -= 1
    if let call = take(&beginning) { orders.append(.miss(after: now - call.due)) }
  }

  mutating func over(slot: Int, _ outcome: CallOutcome, at now: Duration, random: Double) {
    live.remove(slot)
    free.append(slot)
  }

  mutating func stop(at now: Duration, endsCalls: Bool) -> [CallOrder] {
    isStopping = true
    var orders: [CallOrder] = []
    while waiting > 0 { miss(at: now, &orders) }
    return orders + (endsCalls ? live.sorted().map { .endSoon(slot: $0) } : [])
  }
}
