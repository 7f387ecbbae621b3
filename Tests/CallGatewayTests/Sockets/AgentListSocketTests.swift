import Testing

@testable import CallGateway

@Suite("An AgentListSocket answers bare JSON, and closes where the client does not")
struct AgentListSocketTests {
  private func open(_ test: TestGateway) throws -> FakeSocket { try #require(try test.socket(.agentList)) }
  private let request = #"{"customer_org_id":"\#(TestGateway.organization)"}"#

  @Test("a request has its response, and a client that stays is closed after a while")
  func answered() throws {
    let test = try TestGateway()
    let socket = try open(test)
    #expect(test.gateway.openSockets == 1)
    socket.say(text: request)
    let agents = try #require(socket.sent.first?["virtual_agents"]?.elements)
    #expect(agents.count == 1 && socket.takenBytes == socket.givenBytes)
    test.advance(by: AgentListSocket.patience - .milliseconds(1))
    #expect(socket.closeCode == nil)
    socket.say(text: request)
    test.advance(by: AgentListSocket.patience - .milliseconds(1))
    #expect(socket.closeCode == nil && socket.sent.count == 2, "each response begins the time anew")
    test.advance(by: .milliseconds(1))
    #expect(socket.closeCode == 1000)
    socket.end(inOrder: true)
    #expect(test.gateway.openSockets == 0)
  }

  @Test("what is no request, and a client that says nothing in time, are closed with a code that says so")
  func refused() throws {
    let test = try TestGateway()
    let broken = try open(test)
    broken.say(text: "[")
    #expect(broken.closeCode == 1002 && broken.sent.isEmpty)
    let silent = try open(test)
    test.advance(by: test.gateway.limits.firstMessage)
    #expect(silent.closeCode == 1008)
    let full = try open(test)
    full.hasRoom = false
    full.say(text: request)
    #expect(full.closeCode == 1013)
  }
}
