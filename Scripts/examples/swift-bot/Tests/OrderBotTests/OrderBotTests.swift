import BotTestKit
import OrderBot
import Testing

@Suite("The order bot", .timeLimit(.minutes(1)))
struct OrderBotTests {
  @Test("holds the standard conversations")
  func conversations() async throws {
    var plan = BotTestPlan()
    plan.transfer = BotTestCue(keys: "0")
    let report = try await BotTest(OrderBot(orders: ["123456": "is on its way"], shop: "the shop"), plan: plan).run()
    #expect(report.hasPassed, "\(report.text)")
  }
}
