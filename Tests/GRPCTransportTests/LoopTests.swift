import Locking
import Logging
import Testing

@testable import GRPCTransport

/// What happened, from any thread.
final class Log<Entry: Sendable>: Sendable {
  private let entries = Locked<[Entry]>([])
  func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }
  var all: [Entry] { entries.withLock { $0 } }
}

@Suite("Event loops", .timeLimit(.minutes(1)))
struct LoopTests {
  private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let group = try EventLoopGroup(logger: Logger(label: "test"))
    do { try await body(group.loops[0]) } catch {
      await group.shutdown()
      throw error
    }
    await group.shutdown()
  }

  @Test("work from many threads runs on the loop, one piece at a time, in each thread's order")
  func execute() async throws {
    try await withLoop { loop in
      let seen = Log<(thread: Int, number: Int, onLoop: Bool)>()
      await withTaskGroup(of: Void.self) { group in
        for thread in 0..<8 {
          group.addTask {
            for number in 0..<1000 {
              loop.execute {
                seen.add((thread, number, loop.isCurrent && EventLoop.current === loop))
              }
            }
          }
        }
      }
      await withCheckedContinuation { done in loop.execute { done.resume() } }
      let found = seen.all
      #expect(!found.contains { !$0.onLoop })
      for thread in 0..<8 { #expect(found.filter { $0.thread == thread }.map(\.number) == Array(0..<1000)) }
      #expect(!loop.isCurrent)
    }
  }

  /// Counts how often it was told that the loop rests.
  private final class Rester: LoopRester, Sendable {
    private let count = Locked(0)
    var told: Int { count.withLock { $0 } }
    func loopRests() { count.withLock { $0 += 1 } }
  }

  @Test("who wants to know is told once that the loop rests: after the work that was there, and before it sleeps")
  func rest() async throws {
    try await withLoop { loop in
      let seen = Log<Int>()
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          let rester = Rester()
          loop.tellBeforeRest(rester)
          loop.execute { loop.execute { seen.add(rester.told) } }
          // Asleep by then, had nobody to be told kept it awake.
          loop.schedule(after: .milliseconds(20)) {
            seen.add(rester.told)
            loop.schedule(after: .milliseconds(20)) {
              seen.add(rester.told)
              done.resume()
            }
          }
        }
      }
      #expect(seen.all == [0, 1, 1])
    }
  }

  @Test("a loop that finds its queue empty keeps up, though somebody waits for that each time and it never sleeps")
  func restless() async throws {
    try await withLoop { loop in
      let rester = Rester()
      let again = Locked(0)
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        let end = loop.now + .milliseconds(600)
        @Sendable func keepAwake() {
          guard loop.now < end else { return done.resume() }
          again.withLock { $0 += 1 }
          loop.tellBeforeRest(rester)
          loop.schedule(after: .zero) { keepAwake() }
        }
        loop.execute { keepAwake() }
      }
      #expect(rester.told >= again.withLock { $0 } - 1)
      // Two intervals of 20 ms at the most, but that this machine may be busy.
      #expect(loop.activity.takeLongestStretch(now: EventLoop.now) < 300_000_000)
    }
  }

  @Test("timers fire in the order of their times, not before them, and a cancelled one never")
  func timers() async throws {
    try await withLoop { loop in
      let fired = Log<(Int, ContinuousClock.Instant)>()
      let start = ContinuousClock.now
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          for delay in [50, 10, 30, 20, 40] {
            loop.schedule(after: .milliseconds(delay)) { fired.add((delay, .now)) }
          }
          let cancelled = loop.schedule(after: .milliseconds(15)) { fired.add((15, .now)) }
          loop.schedule(after: .milliseconds(12)) {
            #expect(cancelled.isPending)
            cancelled.cancel()
            cancelled.cancel()
            #expect(!cancelled.isPending)
          }
          loop.schedule(after: .milliseconds(60)) { done.resume() }
        }
      }
      let found = fired.all
      #expect(found.map(\.0) == [10, 20, 30, 40, 50])
      for (delay, time) in found { #expect(time - start >= .milliseconds(delay)) }
    }
  }

  @Test("a hundred timers in any order, half of them cancelled, fire sorted")
  func manyTimers() async throws {
    try await withLoop { loop in
      let fired = Log<Int>()
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          var timers: [LoopTimer] = []
          for number in 0..<100 {
            let delay = number * 37 % 100
            timers.append(
              loop.schedule(after: .milliseconds(50 + delay * 5)) { fired.add(delay) })
          }
          for number in stride(from: 0, to: 100, by: 2) { timers[number].cancel() }
          loop.schedule(after: .milliseconds(600)) { done.resume() }
        }
      }
      let found = fired.all
      #expect(found.count == 50)
      #expect(found == found.sorted())
    }
  }

  @Test("work that leaves a loop no sleep for a tenth of a second counts while it lasts; short bursts and sleep do not")
  func activity() {
    let activity = LoopActivity()
    let (burst, second) = (LoopActivity.leastStretch - 1, Int64(1_000_000_000))
    activity.began(now: 0)
    #expect(activity.sleeplessNanoseconds(now: burst) == 0)
    for start in 1...10 as ClosedRange<Int64> {
      activity.fellAsleep(now: (start - 1) * second + burst)
      #expect(activity.sleeplessNanoseconds(now: start * second) == 0)
      activity.awoke(now: start * second)
    }
    #expect(activity.sleeplessNanoseconds(now: 10 * second + LoopActivity.leastStretch) == LoopActivity.leastStretch)
    activity.fellAsleep(now: 11 * second)
    #expect(activity.sleeplessNanoseconds(now: 20 * second) == second)
    #expect(activity.takeLongestStretch(now: 20 * second) == second)
    activity.awoke(now: 20 * second)
    #expect(activity.takeLongestStretch(now: 20 * second + 5) == 5)
    #expect(activity.sleeplessNanoseconds(now: 22 * second) == 3 * second)
  }

  @Test("a loop tells of itself whether it sleeps, and how long it did not")
  func ownActivity() async throws {
    try await withLoop { loop in
      // All of the next hour would be sleepless, were the loop not asleep.
      let hour: Int64 = 3_600_000_000_000
      @Sendable func isAsleep() -> Bool {
        loop.activity.sleeplessNanoseconds(now: EventLoop.now + hour) < hour / 2
      }
      while !isAsleep() { await Task.yield() }
      // Work that ends when it counts.
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        @Sendable func work() {
          if loop.activity.sleeplessNanoseconds(now: EventLoop.now) > 0 { return done.resume() }
          loop.execute { work() }
        }
        loop.execute { work() }
      }
      while !isAsleep() { await Task.yield() }
      #expect(loop.activity.sleeplessNanoseconds(now: EventLoop.now) >= LoopActivity.leastStretch)
    }
  }

  @Test("a task that prefers the loop stays on its thread across its waits")
  func executorPreference() async throws {
    try await withLoop { loop in
      let places = await Task(executorPreference: loop) {
        var places = [loop.isCurrent]
        try? await Task.sleep(for: .milliseconds(1))
        places.append(loop.isCurrent)
        await Task.yield()
        places.append(loop.isCurrent)
        return places
      }.value
      #expect(places == [true, true, true])
    }
  }

  @Test("work that comes after the loop has ended still runs, so that no task hangs")
  func lateWork() async throws {
    let group = try EventLoopGroup(logger: Logger(label: "test"))
    let loop = group.loops[0]
    await group.shutdown()
    let value = await Task(executorPreference: loop) { 42 }.value
    #expect(value == 42)
  }

  @Test("groups may be made and shut down again and again in one process")
  func repeatedGroups() async throws {
    for _ in 0..<5 {
      try await withLoopback([EchoHandler.method]) { loopback in
        let answer = try await loopback.channel.unary(path: "/test.Echo/Echo", message: [1])
        #expect(answer == [1])
      }
    }
  }
}
