import Testing

@testable import CallGateway

@Suite("R4: memory for output that waits, over all calls")
struct OutputBudgetTests {
  private let full = 4_800_000
  private let roomy = 4_537_856

  private func settle(_ share: inout OutputShare, _ waiting: Int) -> Bool {
    _ = share.settle(waiting: waiting, full: full, roomy: roomy)
    return share.isFull
  }

  @Test("each call may hold its own bound where there is enough for all")
  func plenty() {
    var share = OutputShare(of: OutputBudget(192 << 20))
    let states = [full - 1, full, roomy + 1, roomy].map { settle(&share, $0) }
    #expect(states == [false, true, true, false])
  }

  @Test("where it is used up, bots are made to wait from 192 KB on, and nobody is refused their 256 KB")
  func scarce() {
    let budget = OutputBudget(1_000_000)
    var greedy = OutputShare(of: budget)
    var modest = OutputShare(of: budget)
    #expect(!settle(&modest, 200_000))
    #expect(settle(&greedy, 1_300_000), "it is the one that used it up")
    let states = [196_607, 196_608, 65_537, 65_536].map { settle(&modest, $0) }
    #expect(states == [false, true, true, false])
    #expect(budget.isUsedUp)
    #expect(!settle(&greedy, 0))
    #expect(!budget.isUsedUp && !settle(&modest, 250_000))
  }
}
