import Basics
import BotEngine
import JSONText
import ReplayKit
import WebSocketClient
import WebSockets
import YAMLReading

// `/v1/listVirtualAgents`: bare JSON, one request and one response.
extension ConformanceCase {
  static let agentLists: [ConformanceCase] = [
    ConformanceCase("socket: list") { bench in
      try await asked(bench, ["agent.list", "socket.list-fields", "socket.list-close"]) { line, organization in
        line.send(request(organization), "a list request")
        guard await line.wait(.seconds(10), until: { $0.count > 0 }), let text = line.texts.first else {
          return [.failed("agent.list", "There was no list within 10 s.", line.lines)]
        }
        // It may be closed, or left to the client: the real one keeps it open.
        _ = await line.wait(.seconds(8)) { $0.end != nil }
        let closed = line.end.map { $0.closeCode == 1000 ? nil : $0.text } ?? nil
        return list(text, line.lines) + [
          closed.map { .failed("socket.list-close", $0, line.lines) } ?? .passed("socket.list-close")
        ]
      }
    },
    ConformanceCase("socket: list with unknown fields") { bench in
      try await asked(bench, ["socket.list-unknown-fields"]) { line, organization in
        line.send(
          request(organization, ["is_default_virtual_agent_enabled": .null, "region": .string("eu")]),
          "a list request with unknown fields")
        let isAnswered = await line.wait(.seconds(10)) { $0.count > 0 }
        let agents = line.texts.first.flatMap { (try? JSONDocument($0))?.root["virtual_agents"]?.elements } ?? []
        return [
          isAnswered && !agents.isEmpty
            ? .passed("socket.list-unknown-fields")
            : .failed("socket.list-unknown-fields", "There was no list.", line.lines)
        ]
      }
    },
    ConformanceCase("socket: list of another organization") { bench in
      try await asked(bench, ["socket.list-organization"]) { line, _ in
        line.send(request("00000000-0000-4000-8000-00000000beef"), "a list request of another organization")
        _ = await line.wait(.seconds(5)) { $0.count > 0 || $0.end != nil }
        let agents = line.texts.first.flatMap { (try? JSONDocument($0))?.root["virtual_agents"]?.elements } ?? []
        return [
          agents.isEmpty
            ? .passed("socket.list-organization")
            : .failed("socket.list-organization", "It got \(agents.count) agents.", line.lines)
        ]
      }
    },
  ]

  private static func request(_ organization: String, _ more: [String: BotValue] = [:]) -> [UInt8] {
    JSONWriter.object { root in
      root.member("customer_org_id", organization)
      for (name, value) in more.sorted(by: { $0.key < $1.key }) { root.member(name) { $0.value(value) } }
    }
  }

  private static func asked(
    _ bench: Bench, _ rules: [String], _ play: (ProbeSocket, _ organization: String) async -> [Judgement]
  ) async throws -> [Judgement] {
    guard let route = bench.plan.route.socket, let address = route.address.at(SocketRoute.listPath) else { return [] }
    do throws(WebSocketError) {
      let line = try await ProbeSocket.open(
        route, to: address, authorization: route.authorization, conversation: "", isEnveloped: false)
      defer { line.close() }
      return await play(line, bench.plan.settings.organization)
    } catch {
      return rules.map {
        .failed($0, "The list's socket did not open: \(error.message)", ["     0 ms  server  \(error.message)"])
      }
    }
  }

  /// The form of a list: agents with ids that differ and names, and nothing that the schema does not name.
  private static func list(_ text: [UInt8], _ lines: [String]) -> [Judgement] {
    guard let root = (try? JSONDocument(text))?.root, let agents = root["virtual_agents"], agents.kind == .array else {
      return [.failed("agent.list", "The response has no virtual_agents.", lines)]
    }
    let ids = agents.elements.compactMap { $0["id"]?.string }
    let names = agents.elements.compactMap { $0["name"]?.string }
    let isGood =
      !ids.isEmpty && ids.count == agents.elements.count && names.count == ids.count
      && Set(ids).count == ids.count && !ids.contains("")
    var sight = SocketSight()
    SocketPayloadCheck.fields(of: root, among: ["virtual_agents"], "the list", &sight)
    for agent in agents.elements {
      SocketPayloadCheck.fields(of: agent, among: ["id", "name", "description"], "an agent", &sight)
    }
    let wrong = sight.breaches.first?.seen
    return [
      isGood
        ? .passed("agent.list")
        : .failed(
          "agent.list", "Of \(agents.elements.count) agents \(ids.count) have an id, \(Set(ids).count) differ.", lines),
      wrong.map { .failed("socket.list-fields", $0, lines) } ?? .passed("socket.list-fields"),
    ]
  }
}

extension SocketRoute {
  /// The path of the list.
  static let listPath = "/v1/listVirtualAgents"
}

extension WebSocketAddress {
  /// The same server at another path.
  func at(_ path: String) -> WebSocketAddress? {
    WebSocketAddress("\(isSecure ? "wss" : "ws")://\(NetworkAddress.written(host)):\(port)\(path)")
  }
}
