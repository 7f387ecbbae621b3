import BotEngine
import BotTestKit
import GatewayConfiguration
import Logging
import PatchbayServer
import Testing
import YAMLReading

@testable import PatchbayCommands

@Suite("An engine of one's own", .timeLimit(.minutes(1)))
struct OwnEngineTests {
  private struct NoOrders: Error, CustomStringConvertible {
    var description: String { "there are no orders" }
  }

  init() {
    OwnEngine(kind: "orders", required: ["file"], optional: ["shop"]) { settings in
      guard settings["file"] == "orders.json" else { throw NoOrders() }
      return OrderBot(orders: ["123456": "is on its way"], shop: settings["shop"] ?? "our shop")
    }.register()
  }

  private func configuration(_ engine: String) throws -> Configuration {
    try Configuration.parse(
      "listen: {address: '127.0.0.1:0', plaintext: true}\nagents: [{id: orders, engine: \(engine)}]", file: "own.yaml"
    ).configuration
  }

  @Test("is made of what the configuration says, and holds the standard conversations")
  func conversations() async throws {
    let directory = try configuration("{kind: orders, file: orders.json, shop: The Shop}")
      .agentDirectory(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let agent = try #require(directory.agent("orders", for: ""))
    var plan = BotTestPlan()
    plan.callsAtOnce = 10
    plan.transfer = BotTestCue(keys: "0")
    let report = try await BotTest(agent: agent, plan: plan).run()
    #expect(report.hasPassed, "\(report.text)")
    #expect(report.findings.first { $0.check == "transfer" }?.verdict == .passed)
  }

  @Test("the example's configuration can be called from this machine")
  func exampleConfiguration() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let loaded = try Configuration.load(file: "\(root)/Scripts/examples/swift-bot/order-server.yaml", environment: [:])
    #expect(loaded.configuration.identity.isDevelopment)
    #expect(loaded.configuration.listen.address.isLoopback)
    #expect(loaded.configuration.agents.map(\.id) == ["orders"])
  }

  @Test("has its keys checked like every other: missing, mistyped, misnamed")
  func keys() throws {
    for (engine, message) in [
      ("{kind: orders}", "`agents[0].engine.file` is missing"),
      ("{kind: orders, file: a, shoop: b}", "unknown key `shoop`"),
      ("{kind: ordres, file: a}", "did you mean orders?"),
    ] {
      let error = try #require(throws: ConfigurationError.self) { try configuration(engine) }
      #expect(error.description.contains(message), "\(error)")
    }
  }

  @Test("S1: keeps its settings out of what is printed")
  func printing() throws {
    let text = try configuration("{kind: orders, file: s3cret}").yaml(relativeTo: "/")
    #expect(text.contains("kind: orders"))
    #expect(!text.contains("s3cret"))
  }

  @Test("that cannot be made is a mistake of the configuration, in its own words")
  func failure() throws {
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let error = try #require(throws: (any Error).self) {
      try configuration("{kind: orders, file: none.json}").agentDirectory(log: log)
    }
    #expect("\(error)" == "The agent orders cannot have its engine orders: there are no orders")
  }
}
