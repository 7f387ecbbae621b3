public import WebSockets

/// What a server answers. Called on the server's thread: nothing here may wait.
public protocol HTTPSite: Sendable {
  /// Whether a request's body is read, where the limits allow any; asked with the head alone. Otherwise the head is answered: who
  /// is refused is not listened to.
  func readsBody(of head: ServerRequest) -> Bool

  /// Makes the answer.
  func respond(to request: ServerRequest) -> ServerResponse

  /// Decides about a request for a WebSocket that is as RFC 6455, section 4.2.1 wants it, before it is answered.
  ///
  /// - Parameter decide: to be called once, now or later, on any thread. After ``HTTPLimits/decision`` the client was refused, and
  ///   nothing comes of it.
  func upgrade(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void)
}

extension HTTPSite {
  /// Every body is read.
  public func readsBody(of head: ServerRequest) -> Bool { true }

  /// There are no sockets here: the request is answered as if it did not ask for one (RFC 9110, section 7.8).
  public func upgrade(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void) {
    decide(.refuse(respond(to: request)))
  }
}

/// What becomes of a request for a WebSocket.
public enum UpgradeDecision: Sendable {
  /// There is no socket; this is the answer.
  case refuse(ServerResponse)
  /// The socket is the receiver's, with one of the subprotocols that the client has offered, or none.
  case accept(any WebSocketReceiver, limits: WebSocketLimits = WebSocketLimits(), subprotocol: String? = nil)
}

/// A site that is a function.
public struct HTTPResponder: HTTPSite {
  private let answer: @Sendable (ServerRequest) -> ServerResponse

  /// A site that reads every body and has no sockets.
  public init(_ answer: @escaping @Sendable (ServerRequest) -> ServerResponse) { self.answer = answer }

  /// What the function says.
  public func respond(to request: ServerRequest) -> ServerResponse { answer(request) }
}
