import Basics
import GRPCTransport
import Locking
import Logging
import TokenVerification

/// What every RPC passes before anything of it is read: the client's certificate and its token. Counts who is refused.
final class TokenGate: Sendable {
  let metrics: GatewayMetrics
  private let verifier: TokenVerifier
  private let log: Logger
  private let names = Locked((grpc: ClientNames([]), socket: ClientNames([])))

  /// A gate that accepts every certificate that was verified, until it is told names.
  init(verifier: TokenVerifier, metrics: GatewayMetrics, log: Logger) {
    self.verifier = verifier
    self.metrics = metrics
    self.log = log
  }

  /// The names of which a client's certificate must carry one from now on, over each of the two wires.
  func accept(clientNames: [String], socketClientNames: [String]) {
    names.withLock { $0 = (ClientNames(clientNames), ClientNames(socketClientNames)) }
  }

  /// Whether a client of the WebSocket port has shown one of the names; counted and logged where it has not.
  func admitSocket(_ certificate: PeerCertificate?, peer: String) -> Bool {
    let isAdmitted = names.withLock { $0.socket }.admit(certificate)
    if !isAdmitted { refusedName(peer: peer) }
    return isAdmitted
  }

  private func refusedName(peer: String) {
    metrics.refusedToken("client-name")
    log.notice("a client's certificate has none of the names", metadata: ["peer": "\(peer)"])
  }

  /// Verifies the call's token: at once where the keys are at hand, else when they have been fetched. The result comes
  /// on the call's loop.
  ///
  /// - Parameter admitsRetired: whether the token of a retired tenant will do, because it might be for a conversation
  ///   that is live; who says so sees to it that nothing new begins with it.
  func authenticate<Handler: AnyObject>(
    _ call: any IncomingRPC, schema: RequiredSchema, admitsRetired: Bool = false, for handler: Handler,
    then: @escaping @Sendable (Handler, Result<Identity, RPCStatus>) -> Void
  ) {
    guard names.withLock({ $0.grpc }).admit(call.peerCertificate) else {
      refusedName(peer: call.peer)
      return then(handler, .failure(Self.unknownClient))
    }
    let values = call.values(for: "authorization")
    let outcome = verifier.verify(authorization: values, schema: schema)
    if case .pending = outcome {
      let own = LoopBound(handler, loop: call.executor)
      Task(executorPreference: call.executor) { [verifier] in
        let outcome = await verifier.verify(authorization: values, schema: schema, clock: WallClock.now)
        own.loop.execute { [self] in then(own.value, result(outcome, admitsRetired, peer: "")) }
      }
    } else {
      let peer = if case .refused = outcome { call.peer } else { "" }
      then(handler, result(outcome, admitsRetired, peer: peer))
    }
  }

  /// The same for values that come with no RPC. The result comes on this thread where the keys are at hand, else on a
  /// task's.
  func authenticate(
    _ values: [String], schema: RequiredSchema, peer: String,
    then: @escaping @Sendable (Result<Identity, RPCStatus>) -> Void
  ) {
    let outcome = verifier.verify(authorization: values, schema: schema)
    guard case .pending = outcome else { return then(result(outcome, false, peer: peer)) }
    Task { [self] in
      then(
        result(await verifier.verify(authorization: values, schema: schema, clock: WallClock.now), false, peer: peer))
    }
  }

  /// One fixed text: why a token was refused is nobody's business but the operator's.
  static let unauthenticated = RPCStatus(.unauthenticated, "unauthenticated")
  /// Told apart from a token: the client's authority has been accepted, and its owner looks in the wrong place else.
  static let unknownClient = RPCStatus(.unauthenticated, "the client certificate has none of the names accepted here")

  private func result(
    _ outcome: VerificationOutcome, _ admitsRetired: Bool, peer: String
  ) -> Result<Identity, RPCStatus> {
    switch outcome {
    case .accepted(let identity) where identity.isRetired && !admitsRetired:
      return .failure(refusedRetired(identity))
    case .accepted(let identity): return .success(identity)
    case .refused(let refusal):
      metrics.refusedToken(refusal.check.rawValue)
      log.notice("token refused", metadata: ["why": "\(refusal)", "peer": "\(peer)"])
      return .failure(Self.unauthenticated)
    case .keysUnavailable, .pending:
      return .failure(RPCStatus(.unavailable, "the token cannot be verified now; try again"))
    }
  }

  /// Something new was asked for with the token of a tenant that is gone from the configuration.
  func refusedRetired(_ identity: Identity) -> RPCStatus {
    metrics.refusedToken("retired")
    log.notice(
      "token refused",
      metadata: [
        "why": "the tenant, or this registration of it, is not in the configuration any more",
        "org": "\(identity.organization)",
      ])
    return Self.unauthenticated
  }

  /// An RPC with a good token is over.
  func ended(_ subject: Logger.Metadata) { log.info("rpc ended", metadata: subject) }

  func refused(_ status: RPCStatus, call: any IncomingRPC) {
    refused(status, peer: call.peer, now: call.executor.now)
  }

  /// Whatever it came by, on any thread.
  func refused(_ status: RPCStatus, peer: String, now: Duration) {
    metrics.overview.refused("\(status.code): \(status.message)", now: now)
    log.warning("call refused", metadata: ["status": "\(status.code)", "why": "\(status.message)", "peer": "\(peer)"])
  }
}
