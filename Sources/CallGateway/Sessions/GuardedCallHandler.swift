public import GRPCTransport
import TokenVerification

/// Puts a method of another service behind the token: its own handler is made when the token is accepted.
final class GuardedCallHandler: CallHandler {
  private let call: any IncomingRPC
  private let accept: () -> any CallHandler
  private var inner: (any CallHandler)?
  private var isOver = false

  init(_ call: any IncomingRPC, accept: @escaping () -> any CallHandler) {
    self.call = call
    self.accept = accept
  }

  func begin(_ gateway: VoiceGateway) {
    gateway.gate.authenticate(call, schema: .anyOfTenant, for: self) { handler, result in
      guard !handler.isOver else { return }
      switch result {
      case .success: handler.inner = handler.accept()
      case .failure(let status):
        gateway.gate.refused(status, call: handler.call)
        handler.call.finish(status)
      }
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer) { inner?.received(bytes) }
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
    ServerMethod(path: method.path, maximumMessageLength: method.maximumMessageLength) { [self] call in
      let handler = GuardedCallHandler(call) { method.accept(call) }
      handler.begin(self)
      return handler
    }
  }
}
