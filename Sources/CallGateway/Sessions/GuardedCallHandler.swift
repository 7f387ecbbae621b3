public import GRPCTransport
import TokenVerification

/// Puts a method of another service behind the token: its own handler is made when the token is accepted.
final class GuardedCallHandler: CallHandler {
  private let call: ServerCall
  private let method: ServerMethod
  private var inner: (any CallHandler)?
  private var isOver = false

  init(call: ServerCall, method: ServerMethod) {
    self.call = call
    self.method = method
  }

  func begin(_ gateway: VoiceGateway) {
    gateway.gate.authenticate(call, schema: .anyOfTenant, for: self) { handler, result in
      guard !handler.isOver else { return }
      switch result {
      case .success: handler.inner = handler.method.accept(handler.call)
      case .failure(let status):
        gateway.gate.refused(status, call: handler.call)
        handler.call.finish(status)
      }
    }
  }

  func received(_ message: borrowing ReceivedMessage) { inner?.received(message) }
  func halfClosed() { inner?.halfClosed() }
  func drained() { inner?.drained() }

  func ended(_ end: RPCEnd) {
    isOver = true
    inner?.ended(end)
  }
}

extension VoiceGateway {
  /// A method that is served only to those with a good token, of whatever schema their tenant has.
  public func guarded(_ method: ServerMethod) -> ServerMethod {
    ServerMethod(path: method.path) { [self] call in
      let handler = GuardedCallHandler(call: call, method: method)
      handler.begin(self)
      return handler
    }
  }
}
