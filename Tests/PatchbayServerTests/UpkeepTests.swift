import Locking
import ServiceLifecycleTestKit
import Testing

@testable import PatchbayServer

@Suite("Work beside the calls", .timeLimit(.minutes(1)))
struct UpkeepTests {
  @Test("is done again and again with what it keeps, and ends when the server ends")
  func again() async {
    let counts = Awaited<[Int]>([])
    await testGracefulShutdown { trigger in
      async let upkeep: Void = Upkeep([
        Upkeep.every(.milliseconds(1), 0) { count in
          count += 1
          counts.change { [count] in $0.append(count) }
        }
      ]).run()
      _ = await counts.first { $0.count >= 3 ? true : nil }
      trigger.triggerGracefulShutdown()
      await upkeep
    }
    let done = counts.withLock { $0 }
    #expect(done == Array(1...done.count))
  }

  @Test("work that ends by itself ends nothing else")
  func short() async {
    let isDone = Awaited(false)
    await testGracefulShutdown { trigger in
      async let upkeep: Void = Upkeep([
        {},
        {
          try? await Task.sleep(for: .milliseconds(20))
          isDone.change { $0 = !Task.isCancelled }
        },
      ]).run()
      #expect(await isDone.first { $0 ? true : nil } == true)
      trigger.triggerGracefulShutdown()
      await upkeep
    }
  }

  @Test("work that does not end is waited for, but not for ever")
  func hanging() async {
    let release = Awaited(false)
    let clock = ContinuousClock()
    let began = clock.now
    await testGracefulShutdown { trigger in
      trigger.triggerGracefulShutdown()
      // As a blocked read does, it does not heed its cancellation.
      await Upkeep([{ await Task.detached { _ = await release.first { $0 ? true : nil } }.value }]).run()
    }
    #expect(clock.now - began >= Upkeep.lastWait)
    release.change { $0 = true }
  }
}
