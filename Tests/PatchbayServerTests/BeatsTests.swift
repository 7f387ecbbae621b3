import Locking
import Testing

@testable import PatchbayServer

@Suite("Short works beside the calls", .timeLimit(.minutes(1)))
struct BeatsTests {
  @Test("each is done at once and after its interval, whatever the others' are")
  func intervals() {
    let done = Locked<[String]>([])
    var beats = Beats(
      [
        .every(.milliseconds(50)) { done.withLock { $0.append("often") } },
        .every(.milliseconds(100), 0) { count in
          count += 1
          done.withLock { [count] in $0.append("seldom \(count)") }
        },
      ], now: .seconds(7))
    #expect(beats.beat(now: .seconds(7)) == .milliseconds(7_050))
    #expect(done.withLock { $0 } == ["often", "seldom 1"])
    #expect(beats.beat(now: .milliseconds(7_049)) == .milliseconds(7_050), "too early")
    #expect(beats.beat(now: .milliseconds(7_060)) == .milliseconds(7_100), "late once, on time again")
    #expect(beats.beat(now: .milliseconds(7_100)) == .milliseconds(7_150))
    #expect(done.withLock { $0 } == ["often", "seldom 1", "often", "often", "seldom 2"])
  }

  @Test("what was missed is done once")
  func missed() {
    let count = Locked(0)
    var beats = Beats([.every(.milliseconds(50)) { count.withLock { $0 += 1 } }], now: .zero)
    _ = beats.beat(now: .zero)
    #expect(beats.beat(now: .seconds(20)) == .milliseconds(20_050))
    #expect(count.withLock { $0 } == 2)
  }

  @Test("the thread does them until the task is cancelled, and then no more")
  func thread() async {
    let counts = Awaited(0)
    let task = Task { await Beats.onThread([.every(.milliseconds(1)) { counts.change { $0 += 1 } }])() }
    #expect(await counts.first { $0 >= 3 ? true : nil } == true)
    task.cancel()
    await task.value
    let done = counts.withLock { $0 }
    try? await Task.sleep(for: .milliseconds(20))
    #expect(counts.withLock { $0 } == done)
  }

  @Test("without work there is no thread, and one that is cancelled at once ends at once")
  func nothing() async {
    await Beats.onThread([])()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      await Beats.onThread([.every(.seconds(50)) {}])()
    }
    await task.value
  }
}
