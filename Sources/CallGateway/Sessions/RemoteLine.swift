import GRPCTransport
import WebexProtocol

/// An RPC of another loop, as its session sees it: each call hops to the RPC's loop, in order.
final class RemoteLine: SessionLine, Sendable {
  let id: RPCID
  let method: SessionMethod
  let authorization: String?
  private let near: LoopBound<SessionCall>

  /// On the RPC's loop.
  init(_ call: SessionCall) {
    id = call.id
    method = call.method
    authorization = call.authorization
    near = LoopBound(call, loop: call.loop)
  }

  func send(_ message: [UInt8]) { near.execute { $0.send(message) } }
  func finish(_ status: RPCStatus, lingering: Duration) { near.execute { $0.finish(status, lingering: lingering) } }
  func refuse(_ error: any Error) { near.execute { $0.refuse(error) } }
  func pause(for time: Duration) { near.execute { $0.pause(for: time) } }
}
