public import GRPCTransport
public import Logging
import Ownership
import TokenVerification
import WebexProtocol

/// Serves other replicas: RPCs of conversations that are here, which their callers have sent there. What is not here is not
/// handed on again.
public final class RelayService: Sendable {
  private let gateway: VoiceGateway
  private let link: ReplicaLink
  private let log: Logger

  /// A service over the gateway's conversations.
  public init(gateway: VoiceGateway, link: ReplicaLink, log: Logger) {
    self.gateway = gateway
    self.link = link
    self.log = log
  }

  /// The methods to serve, at an address for other replicas alone.
  public var methods: [ServerMethod] {
    [
      ServerMethod(path: RelayHeaders.path) { [self] call in accept(call) },
      ServerMethod(path: RelayHeaders.findPath) { [self] call in find(call) },
    ]
  }

  /// Brings an RPC that another replica hands on to its conversation.
  func accept(_ call: any IncomingRPC) -> any CallHandler {
    let rpc = RelayedRPC(call)
    let organization: String
    switch admit(call) {
    case .admitted(let named): organization = named
    case .refused(let why): return refuse(rpc, why, from: call)
    }
    let identity = Identity(
      verifiedElsewhere: organization, tenantName: call.values(for: RelayHeaders.tenant).first ?? organization,
      schema: .voiceVirtualAgent,
      // With such a token a conversation may begin, at the other replica as well.
      isRetired: !rpc.mayBegin)
    let relayed = SessionCall(
      rpc, method: .conversation, of: RelayedConversation(rpc, of: gateway, by: link))
    relayed.begin(verified: identity)
    return relayed
  }

  private enum Admission {
    case admitted(organization: String)
    case refused(String)
  }

  /// The organization that a replica speaks for, where it may.
  private func admit(_ call: any IncomingRPC) -> Admission {
    guard let secret = call.values(for: RelayHeaders.secret).first, link.isSecret(secret) else {
      return .refused("secret")
    }
    // A later version adds fields only, and says that it is one.
    guard let version = call.values(for: RelayHeaders.relay).first.flatMap(UInt16.init), version >= 1,
      let organization = call.values(for: RelayHeaders.organization).first, !organization.isEmpty
    else { return .refused("version") }
    guard call.values(for: RelayHeaders.owner).first == link.keeper.own.incarnation else {
      return .refused(ArrivalStateMachine.RelayFailure.otherIncarnation.rawValue)
    }
    return .admitted(organization: organization)
  }

  /// Whether a conversation is here.
  func find(_ call: any IncomingRPC) -> any CallHandler {
    let rpc = RelayedRPC(call)
    switch admit(call) {
    case .refused(let why): return refuse(rpc, why, from: call)
    case .admitted(let organization):
      // The status waits for the half-close, which only a call that is read shows.
      rpc.startReading()
      let key = ConversationKey(
        organization: organization, conversation: call.values(for: RelayHeaders.conversation).first ?? "")
      let from = call.values(for: RelayHeaders.from).first ?? ""
      return RelayQuestion(on: call.executor) { [gateway, link] isLast in
        if gateway.registry.status(of: key) != nil, !link.keeper.mayAct {
          rpc.saysNothing()
        } else if let epoch = link.keeper.tell(key.ownershipKey, to: from) {
          rpc.found(epoch: epoch)
        } else if link.keeper.isAsking(for: key.ownershipKey), link.keeper.remembered(key.ownershipKey) == nil, !isLast
        {
          return false
        } else {
          rpc.refuse(ArrivalStateMachine.RelayFailure.notOwner.rawValue)
        }
        return true
      }
    }
  }

  private func refuse(_ rpc: RelayedRPC, _ why: String, from call: any IncomingRPC) -> any CallHandler {
    link.metrics.refused(why)
    log.notice("an RPC of another server is not accepted", metadata: ["why": "\(why)", "peer": "\(call.peer)"])
    rpc.refuse(why)
    return FinishedCallHandler()
  }
}

/// Finds the conversation of one RPC that another replica hands on.
///
/// `@unchecked Sendable`: made for one RPC, and asked on that RPC's loop alone.
private final class RelayedConversation: SessionService, @unchecked Sendable {
  private let rpc: RelayedRPC
  private let gateway: VoiceGateway
  private let link: ReplicaLink

  init(_ rpc: RelayedRPC, of gateway: VoiceGateway, by link: ReplicaLink) {
    self.rpc = rpc
    self.gateway = gateway
    self.link = link
  }

  var gate: TokenGate { gateway.gate }
  var limits: GatewayLimits { gateway.limits }
  var openCalls: OpenCount { gateway.openCalls }
  var maximumCalls: Int { gateway.maximumCalls }

  func session(
    for call: SessionCall, first bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws -> LoopBound<any SessionHost>? {
    let request = try gateway.workers.on(call.loop).decoder.decode(bytes)
    try request.check(organization: identity.organization)
    let key = ConversationKey(organization: identity.organization, conversation: request.conversationID.string)
    call.subject["conversation"] = "\(key.conversation)"
    if let session = find(key, for: call) { return session }
    if isToCome(key) { return LoopBound(ConversationToCome(call, look: { self.look(key, $0) }), loop: call.loop) }
    if rpc.mayBegin, !gateway.registry.isDraining {
      let host = ConversationToTake(
        call, rpc, key, agent: request.agentID.string, identity, of: gateway, by: link)
      return LoopBound(host, loop: call.loop)
    }
    refuse()
    return nil
  }

  /// Whether it may be about to begin here, or is not to be touched yet.
  private func isToCome(_ key: ConversationKey) -> Bool {
    link.keeper.isAsking(for: key.ownershipKey) || !link.keeper.mayAct
  }

  private func look(_ key: ConversationKey, _ call: SessionCall) -> ConversationToCome.Look {
    if let session = find(key, for: call) { return .found(session) }
    return isToCome(key) ? .later : .refused(refuse)
  }

  private func find(_ key: ConversationKey, for call: SessionCall) -> LoopBound<any SessionHost>? {
    guard link.keeper.mayAct else { return nil }
    guard let session = gateway.registry.find(key), let status = gateway.registry.status(of: key) else { return nil }
    link.keeper.raise(key.ownershipKey, to: rpc.epoch)
    rpc.accept()
    link.metrics.received.increment()
    call.subject["agent"] = "\(status.agent)"
    call.trace(as: status)
    status.note(trackingID: call.trackingID)
    return session
  }

  private func refuse() {
    let why = ArrivalStateMachine.RelayFailure.notOwner.rawValue
    link.metrics.refused(why)
    rpc.refuse(why)
  }
}

/// Stands for a conversation that is about to begin here, or whose record is being read after a pause.
private final class ConversationToCome: SessionHost {
  enum Look {
    case found(LoopBound<any SessionHost>)
    case later
    case refused(() -> Void)
  }

  private static let interval = Duration.milliseconds(5)
  private static let limit = Duration.milliseconds(800)

  private let call: SessionCall
  private let look: (SessionCall) -> Look
  private let until: Duration
  private var kept: [[UInt8]] = []
  private var isHalfClosed = false
  private var timer: LoopTimer?

  init(_ call: SessionCall, look: @escaping (SessionCall) -> Look) {
    self.call = call
    self.look = look
    until = call.loop.now + Self.limit
  }

  func joined(_ line: any SessionLine) { again() }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    guard kept.count < 16 else { return call.refuse(RPCStatus(.resourceExhausted, "more came than may wait")) }
    kept.append(Array(bytes))
    call.pause(for: Self.limit)
  }

  func halfClosed(_ rpc: RPCID) { isHalfClosed = true }
  func left(_ rpc: RPCID, isDelivered: Bool) { timer?.cancel() }

  private func again() {
    timer = call.loop.schedule(after: Self.interval) { [weak self] in self?.lookAgain() }
  }

  private func lookAgain() {
    switch look(call) {
    case .found(let session): call.settle(session, kept, isHalfClosed: isHalfClosed)
    case .later where call.loop.now < until: again()
    case .later: break  // The other replica has waited for long enough, and cancels.
    case .refused(let refuse): refuse()
    }
  }
}
