import BotEngine
import JSONText
public import WebexProtocol

// `/v1/listVirtualAgents`: bare JSON, one request and one response.

extension ListAgentsRequest {
  /// Reads the request of a client. Fields that are not known are ignored.
  public init(socketText bytes: [UInt8]) throws(SocketProtocolError) {
    let root = try SocketField.document(bytes)
    self.init(
      organizationID: try SocketField(root, "customer_org_id").identifier(),
      isDefaultAgentEnabled: try SocketField(root, "is_default_virtual_agent_enabled").flag())
  }
}

extension ListAgentsResponse {
  /// The response as a text frame: ids and names.
  public var socketText: [UInt8] {
    JSONWriter.object { root in
      root.member("virtual_agents") { list in
        list.array { for agent in agents { $0.object { agent.write(to: &$0) } } }
      }
    }
  }
}

extension ListAgentsResponse.Agent {
  fileprivate func write(to object: inout JSONWriter) {
    object.member("id", id)
    object.member("name", name)
  }
}
