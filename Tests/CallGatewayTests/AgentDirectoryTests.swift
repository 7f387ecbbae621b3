import BotEngine
import Testing

@testable import CallGateway

@Suite("Agents are found per tenant")
struct AgentDirectoryTests {
  struct Nobody: BotEngine {
    func converse(_ call: BotCall) async throws {}
  }

  static let directory = AgentDirectory([
    Agent(id: "sales", name: "Sales", organizations: ["a"], engine: Nobody()),
    Agent(id: "front-desk", name: "Front desk", isDefault: true, engine: Nobody()),
    Agent(id: "secret", name: "Secret", organizations: ["b"], engine: Nobody()),
  ])

  @Test(
    "Wire 3: virtual_agent_id is an id, empty for the default, or a 1-based index into the tenant's own list",
    arguments: [
      ("a", "sales", "sales"), ("a", "", "front-desk"), ("a", "1", "sales"), ("a", "2", "front-desk"),
      ("b", "1", "front-desk"), ("b", "2", "secret"), ("b", "", "front-desk"),
    ])
  func found(organization: String, id: String, expected: String) {
    #expect(Self.directory.agent(id, for: organization)?.id == expected)
  }

  @Test(
    "J18: another tenant's agent, an index beyond the list and anything else are not found",
    arguments: [
      ("a", "secret"), ("b", "sales"), ("a", "3"), ("a", "0"), ("a", "-1"), ("a", "99999999999999999999"),
      ("a", "Sales"),
      ("a", " 1"),
    ])
  func notFound(organization: String, id: String) {
    #expect(Self.directory.agent(id, for: organization) == nil)
  }

  @Test("without a default agent, the first that serves the tenant answers")
  func noDefault() {
    let directory = AgentDirectory([
      Agent(id: "one", name: "One", organizations: ["b"], engine: Nobody()),
      Agent(id: "two", name: "Two", engine: Nobody()),
    ])
    #expect(directory.agent("", for: "a")?.id == "two")
    #expect(AgentDirectory([]).agent("", for: "a") == nil)
  }

  @Test("ListVirtualAgents lists what the tenant may call, in order")
  func list() {
    #expect(Self.directory.agents(for: "b").map(\.id) == ["front-desk", "secret"])
    #expect(Self.directory.agents(for: "c").map(\.id) == ["front-desk"])
  }
}
