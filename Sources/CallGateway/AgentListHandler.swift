import GRPCTransport
import TokenVerification
import WebexProtocol

/// `ListVirtualAgents`: the agents that an organization may call, for the administrator's flow designer.
final class AgentListHandler: IncomingRPCHandler {
  private let call: any IncomingRPC
  private let gateway: VoiceGateway
  private var identity: Identity?
  private var isOver = false
  /// Whether the RPC is counted among the open ones.
  private var isCounted = true

  init(call: any IncomingRPC, gateway: VoiceGateway) {
    self.call = call
    self.gateway = gateway
  }

  func begin() {
    guard gateway.enter() else {
      return finish(RPCStatus(.resourceExhausted, "the server has as many calls as it takes"))
    }
    gateway.authenticate(call, schema: .exactly(.voiceVirtualAgent), for: self) { handler, result in
      switch result {
      case .success(let identity):
        handler.identity = identity
        handler.call.startReading()
      case .failure(let status): handler.finish(status)
      }
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard let identity, !isOver else { return }
    do {
      let request = try ListAgentsRequest(decoding: bytes)
      guard identity.refusal(forMessageOf: request.organizationID) == nil else {
        throw RPCStatus(.permissionDenied, "customer_org_id is not the organization of the token")
      }
      let agents = gateway.agents.agents(for: identity.organization).map {
        ListAgentsResponse.Agent(id: $0.id, name: $0.name, isDefault: $0.isDefault)
      }
      _ = call.send(ListAgentsResponse(agents: agents).encoded())
      finish(.ok)
    } catch {
      finish(gateway.refusedMessage(error))
    }
  }

  func halfClosed() { finish(RPCStatus(.invalidArgument, "the request is missing")) }
  func drained() {}
  func ended(_ end: RPCEnd) { leave() }

  private func finish(_ status: RPCStatus) {
    guard !isOver else { return }
    isOver = true
    if status.code != .ok { gateway.refused(status, call: call) }
    leave()
    call.finish(status)
  }

  private func leave() {
    guard isCounted else { return }
    isCounted = false
    gateway.leave()
  }
}
