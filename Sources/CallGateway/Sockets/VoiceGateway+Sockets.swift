import Basics
public import GRPCTransport
import Logging
public import TokenVerification

extension VoiceGateway {
  /// Verifies the token of a request for an upgrade, at once where the keys are at hand. The decision comes once, on
  /// this thread or a task's.
  public func authorize(
    _ upgrade: SocketUpgrade, _ decide: @escaping @Sendable (Result<Identity, UpgradeRefusedError>) -> Void
  ) {
    gate.authenticate(upgrade) { [self] result in
      switch result {
      case .success(let identity): decide(.success(identity))
      case .failure(let status):
        gate.refused(status, peer: upgrade.peer, now: MonotonicClock.now())
        decide(
          .failure(UpgradeRefusedError(status: status.code == .unauthenticated ? 401 : 503, reason: status.message)))
      }
    }
  }

  /// Begins what an accepted upgrade has asked for, on this loop. From any thread.
  public func open(
    _ socket: any CallerSocket, for upgrade: SocketUpgrade, _ identity: Identity, on loop: any LoopExecutor
  ) -> SocketEntry {
    SocketEntry(loop) { [self] in
      switch upgrade.path {
      case .conversation: SocketSession(socket, upgrade, identity, of: self, on: loop)
      case .agentList:
        AgentListSocket(socket, AgentList(agents.agents(for: identity.organization), identity), of: self, on: loop)
      }
    }
  }

  /// Sockets that are open.
  public var openSockets: Int { sockets.count }

  /// Waits until no socket is open, for so long at most: after a drain clients have heard what becomes of their callers,
  /// and close.
  public func waitForSockets(within limit: Duration) async { await sockets.waitForNone(within: limit) }
}

/// What is done with a socket's messages. On its loop only.
protocol SocketListener: AnyObject {
  func received(_ text: [UInt8])
  func receivedBinary()
  /// The socket is gone, for whatever reason.
  ///
  /// - Parameter inOrder: whether the client closed it with a close frame.
  func ended(inOrder: Bool)
}

/// Brings what comes over a socket to the loop of its call, in order. From any thread.
///
/// `@unchecked Sendable`: the handler is made, used and let go on the loop's thread alone.
public final class SocketEntry: @unchecked Sendable {
  private let loop: any LoopExecutor
  private(set) var handler: (any SocketListener)?

  init(_ loop: any LoopExecutor, _ make: @escaping @Sendable () -> any SocketListener) {
    self.loop = loop
    loop.execute { self.handler = make() }
  }

  /// A text frame, whose bytes are UTF-8.
  public func received(_ text: [UInt8]) { loop.execute { self.handler?.received(text) } }

  /// A binary frame.
  public func receivedBinary() { loop.execute { self.handler?.receivedBinary() } }

  /// The socket is gone; nothing follows.
  ///
  /// - Parameter inOrder: whether the client closed it with a close frame.
  public func ended(inOrder: Bool) {
    loop.execute {
      self.handler?.ended(inOrder: inOrder)
      self.handler = nil
    }
  }
}

extension TokenGate {
  /// The identity of an upgrade's token. Bare tokens are refused here: this wire has a scheme.
  func authenticate(_ upgrade: SocketUpgrade, then: @escaping @Sendable (Result<Identity, RPCStatus>) -> Void) {
    guard admitSocket(upgrade.certificate, peer: upgrade.peer) else { return then(.failure(Self.unknownClient)) }
    let values = upgrade.authorization
    if values.count == 1, values[0].utf8.firstIndex(of: UInt8(ascii: " ")) == nil {
      metrics.refusedToken("authorization")
      return then(.failure(Self.unauthenticated))
    }
    authenticate(values, schema: .exactly(upgrade.path.method.schema), peer: upgrade.peer, then: then)
  }
}
