import Testing

@testable import WebSockets

@Suite("Memory for long messages, over all sockets")
struct MessageBudgetTests {
  @Test("makes a socket wait where others have used it up, and nobody for what is free")
  func waits() {
    let budget = MessageBudget(1_000_000)
    var greedy = MessageShare(of: budget)
    var modest = MessageShare(of: budget)
    var states = [greedy.admits(1_200_000), modest.admits(MessageBudget.free), modest.admits(600_000)]
    #expect(states == [true, true, false])
    // The long message was taken.
    states = [greedy.admits(0), modest.admits(600_000), modest.admits(1_262_144), modest.admits(1_262_145)]
    #expect(states == [true, true, true, false])
    modest.release()
    states = [greedy.admits(1_262_144)]
    #expect(states == [true])
  }
}
