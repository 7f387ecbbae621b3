import Foundation
import HTTPServing
import Telemetry
import Testing

@testable import AdminServer

@Suite("What several processes tell, as one")
struct StatusSnapshotMergingTests {
  private func status(_ process: Int) throws -> StatusSnapshot {
    var status = StatusSnapshot(version: "1", reasons: [], uptime: 5, liveCalls: 2, callLimit: 100)
    status.calls = [
      .init(
        id: 7, conversation: "of \(process)", tenant: "t", organization: "o", agent: "a", agentName: "A",
        state: "waiting", seconds: Double(process), turns: 2)
    ]
    status.totals.started = 10 + process
    status.tenants = [.init(name: "t", organization: "o", live: 2, limit: 50)]
    var agent = StatusSnapshot.Agent(id: "a", name: "A")
    agent.live = 2
    agent.failuresInRow = process
    status.agents = [agent]
    var problem = StatusSnapshot.Problem(
      level: "error", message: "m", count: 1, firstSecondsAgo: Double(10 + process), secondsAgo: Double(5 - process))
    problem.cause = "of \(process)"
    status.problems = [problem]
    // As it comes from another process.
    return try JSONDecoder().decode(StatusSnapshot.self, from: JSONEncoder().encode(status))
  }

  @Test("sums, lists of all, and numbers of calls that tell their processes")
  func merging() throws {
    let whole = StatusSnapshot(merging: [(0, try status(0)), (2, try status(2))])
    #expect((whole.liveCalls, whole.callLimit, whole.totals.started) == (4, 200, 22))
    #expect(whole.calls.map(\.conversation) == ["of 2", "of 0"])
    let places = whole.calls.map { StatusSnapshot.process(ofCall: $0.id) }
    #expect(places.map { $0?.process } == [2, 0] && places.allSatisfy { $0?.id == 7 })
    #expect(whole.tenants.map(\.live) == [4] && whole.tenants.map(\.limit) == [50])
    #expect(whole.agents.map(\.live) == [4] && whole.agents.map(\.failuresInRow) == [2])
    #expect(whole.problems.map(\.count) == [2] && whole.problems.map(\.cause) == ["of 2"])
    #expect(whole.problems.map(\.firstSecondsAgo) == [12])
    #expect(StatusSnapshot(merging: []).liveCalls == 0)
  }

  @Test("others are asked only for who may ask")
  func forwarding() async {
    var site = AdminSite(token: { "secret" }, metrics: MetricsRegistry()) {
      .ready
    } status: {
      StatusSnapshot(version: "1", reasons: [], uptime: 0, liveCalls: 0, callLimit: 0)
    }
    site.actions = { ["/act": { _ in .text(500, "not asked") }] }
    let others: AdminForward = { request in
      if request.path == "/none" { return nil }
      return { .response(.text(299, request.path)) }
    }
    site.forward = { others }
    func answer(_ method: String, _ path: String, _ authorization: String?) async -> Int? {
      await site.forwarding(
        of: ServerRequest(method: method, path: path, host: "localhost", authorization: authorization))?()
        .status
    }
    #expect(await answer("GET", "/status", "Bearer secret") == 299)
    #expect(await answer("GET", "/status", nil) == nil)
    #expect(await answer("GET", "/none", "Bearer secret") == nil)
    #expect(await answer("POST", "/act", "Bearer secret") == 299)
    #expect(await answer("POST", "/act", "Basic eDpzZWNyZXQ=") == nil)
    #expect(await answer("POST", "/act", nil) == nil)
  }
}
