import GRPCTransport
import TokenVerification
import WebexProtocol

/// `ListVirtualAgents`: the agents that an organization may call, for the administrator's flow designer.
final class AgentList: SessionHost {
  private let agents: [Agent]
  private let identity: Identity
  private var line: (any SessionLine)?

  /// The organization's own agents.
  init(_ agents: [Agent], _ identity: Identity) {
    self.agents = agents
    self.identity = identity
  }

  func joined(_ line: any SessionLine) { self.line = line }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    do {
      line?.send(try answer(ListAgentsRequest(decoding: bytes)).encoded())
      line?.finish()
    } catch {
      line?.refuse(error)
    }
  }

  /// The list, for an administrator of the token's own organization.
  func answer(_ request: ListAgentsRequest) throws(RPCStatus) -> ListAgentsResponse {
    guard identity.refusal(forMessageOf: request.organizationID) == nil else {
      throw RPCStatus(.permissionDenied, "customer_org_id is not the organization of the token")
    }
    return ListAgentsResponse(
      agents: agents.map { ListAgentsResponse.Agent(id: $0.id, name: $0.name, isDefault: $0.isDefault) })
  }

  func halfClosed(_ rpc: RPCID) {}
  func left(_ rpc: RPCID, isDelivered: Bool) { line = nil }
}
