import Testing

@testable import Basics

@Suite("A budget allows a burst, and then so much a second")
struct RateBudgetTests {
  @Test func burstAndRate() {
    var budget = RateBudget(perSecond: 1_000, burst: 10)
    budget.refill(now: 5_000_000)
    budget.spend(10)
    #expect(!budget.isOverdrawn && budget.wait == 0)
    budget.spend(5)
    #expect(budget.isOverdrawn && (5_000_000...5_000_001).contains(budget.wait))
    budget.refill(now: 10_000_001)
    #expect(!budget.isOverdrawn)
    budget.refill(now: 1_000_000_000_000)
    budget.spend(11)
    #expect(budget.isOverdrawn, "no more than the burst is saved up")
  }

  @Test("A clock that goes back adds nothing, and a debt has an end")
  func extremes() {
    var budget = RateBudget(perSecond: 1, burst: 1)
    budget.refill(now: 1_000_000_000)
    budget.spend(.max)
    budget.refill(now: 0)
    #expect(budget.wait == 60_000_000_000)
    budget.refill(now: .max)
    budget.add(1e30)
    #expect(!budget.isOverdrawn)
  }
}
