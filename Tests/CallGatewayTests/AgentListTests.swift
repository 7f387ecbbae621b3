import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway
@testable import TokenVerification

@Suite("AgentList answers which agents an organization may call")
struct AgentListTests {
  private let loops = ManualLoops()
  private let identity = Identity(
    organization: TestGateway.organization, tenantName: "Acme", issuer: "issuer", schema: .voiceVirtualAgent,
    nonceHash: "", expiry: 0, isRetired: false)

  private func line(_ agents: [Agent]) -> MemoryLine {
    MemoryLine(AgentList(agents, identity), id: 1, .agentList, loops)
  }

  @Test("all of them with id, name and which is the default, and the RPC is over")
  func list() throws {
    let line = line([
      Agent(id: "a", name: "Front desk", isDefault: true, engine: PuppetBot()),
      Agent(id: "b", name: "Billing", engine: PuppetBot()),
    ])
    line.say(ListAgentsRequest(organizationID: TestGateway.organization).encoded())
    #expect(line.status == .ok && line.sent.count == 1)
    let agents = try line.sent[0].withUnsafeBytes { try ListAgentsResponse(decoding: $0) }.agents
    #expect(agents.map(\.id) == ["a", "b"] && agents.map(\.name) == ["Front desk", "Billing"])
    #expect(agents.map(\.isDefault) == [true, false])
  }

  @Test("an organization without agents is told of none")
  func none() throws {
    let line = line([])
    line.say(ListAgentsRequest(organizationID: "").encoded())
    #expect(line.status == .ok)
    #expect(try line.sent[0].withUnsafeBytes { try ListAgentsResponse(decoding: $0) }.agents.isEmpty)
  }

  @Test("another organization's are not told, and what is no request is refused")
  func refused() {
    let foreign = line([Agent(id: "a", name: "Front desk", engine: PuppetBot())])
    foreign.say(ListAgentsRequest(organizationID: "other").encoded())
    #expect(foreign.status?.code == .permissionDenied && foreign.sent.isEmpty)
    let broken = line([])
    broken.say([0xFF])
    #expect(broken.status?.code == .invalidArgument && broken.sent.isEmpty)
  }

  @Test("a request after the line is gone is answered by nothing")
  func gone() {
    let line = line([])
    line.end(isDelivered: false)
    line.say(ListAgentsRequest(organizationID: "").encoded())
    #expect(line.sent.isEmpty && line.status == nil)
  }
}
