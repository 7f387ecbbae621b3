import Dispatch
import Locking
import Testing

@Suite("Locked values")
struct LockedTests {
  struct Refusal: Error, Equatable {
    var reason: Int
  }

  final class Tracked: Sendable {
    let ended: Locked<Int>
    init(_ ended: Locked<Int>) { self.ended = ended }
    deinit { ended.withLock { $0 += 1 } }
  }

  @Test("Changes of many threads at once are all kept")
  func contention() {
    let count = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { count.withLock { $0 += 1 } }
    }
    #expect(count.withLock { $0 } == 80_000)
  }

  @Test("Nobody sees a value while another is in the middle of changing it")
  func wholeChanges() {
    let pair = Locked((first: 0, second: 0))
    let torn = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for step in 0..<5_000 {
        if thread.isMultiple(of: 2) {
          pair.withLock {
            $0.first = step
            $0.second = step
          }
        } else {
          let (first, second) = pair.withLock { $0 }
          if first != second { torn.withLock { $0 += 1 } }
        }
      }
    }
    #expect(torn.withLock { $0 } == 0)
  }

  @Test("An error comes out with its type, leaves the change in place and the value free for the next")
  func typedErrors() {
    let count = Locked(1)
    do throws(Refusal) {
      try count.withLock { value throws(Refusal) in
        value = 2
        throw Refusal(reason: 7)
      }
      Issue.record("the error did not come out")
    } catch {
      #expect(error.reason == 7)
    }
    #expect(count.withLock { $0 } == 2)
  }

  @Test("What a value holds is let go when it is replaced, and when nothing holds the lock any more")
  func lifetimes() {
    let ended = Locked(0)
    var box: Locked<Tracked?>? = Locked(Tracked(ended))
    box?.withLock { $0 = Tracked(ended) }
    #expect(ended.withLock { $0 } == 1)
    box = nil
    #expect(ended.withLock { $0 } == 2)
  }
}
