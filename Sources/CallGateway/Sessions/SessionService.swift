import GRPCTransport
import TokenVerification

/// A service whose RPCs are brought to sessions.
protocol SessionService: AnyObject, Sendable {
  var gate: TokenGate { get }
  var limits: GatewayLimits { get }
  var openCalls: OpenCount { get }
  /// RPCs at once, so that a flood is refused before anything of it is read.
  var maximumCalls: Int { get }

  /// The session of an RPC, from its first message: a live one or a new one; `nil` where the call is answered already.
  func session(
    for call: SessionCall, first bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws -> LoopBound<any SessionHost>?
}

extension SessionService {
  func accept(_ call: any IncomingRPC, _ method: SessionMethod) -> any CallHandler {
    let handler = SessionCall(call, method: method, of: self)
    handler.begin()
    return handler
  }
}
