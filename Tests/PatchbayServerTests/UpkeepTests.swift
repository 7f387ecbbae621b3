import Locking
import ServiceLifecycleTestKit
import Testing

@testable import PatchbayServer

@Suite("Work beside the calls", .timeLimit(.minutes(1)))
struct UpkeepTests {
  @Test("is done again and again, and ends when the server ends")
  func again() async {
    let count = Awaited(0)
    await testGracefulShutdown { trigger in
      async let upkeep: Void = Upkeep([Upkeep.every(.milliseconds(1)) { count.change { $0 += 1 } }]).run()
      _ = await count.first { $0 >= 3 ? true : nil }
      trigger.triggerGracefulShutdown()
      await upkeep
    }
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
