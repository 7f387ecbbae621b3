import Basics
import BotEngine
public import CallTraces
public import GRPCTransport
import Locking
public import Logging
import Ownership
public import TokenVerification
import WebexProtocol

/// The virtual agent service: `ProcessCallerInput` and `ListVirtualAgents` for any number of calls.
public final class VoiceGateway: Sendable {
  /// What may change while calls are up: an RPC takes it as it is when it begins, a conversation when it begins.
  public struct Settings: Sendable {
    /// The agents.
    public var agents: AgentDirectory
    /// Bounds on what is taken on.
    public var limits: GatewayLimits
    /// The names of which a client's certificate must carry one over gRPC; none takes any.
    public var clientNames: [String]
    /// The same over WebSocket.
    public var socketClientNames: [String]

    /// Settings.
    public init(
      agents: AgentDirectory, limits: GatewayLimits = .init(), clientNames: [String] = [],
      socketClientNames: [String] = []
    ) {
      self.agents = agents
      self.limits = limits
      self.clientNames = clientNames
      self.socketClientNames = socketClientNames
    }
  }

  let gate: TokenGate
  let log: Logger
  let metrics = GatewayMetrics()
  let registry = SessionRegistry()
  /// Hang-ups that came early, where this is the only server.
  private let ends = Locked(EarlyEnds())
  let openCalls = OpenCount()
  let sockets = OpenCount()
  /// Whether the server keeps up with the calls that it has.
  public let load = LoadMonitor()
  /// Whether there is memory for more calls.
  public let memory = MemoryGuard()
  let workers = PerLoop { VoiceWorker() }
  private let current: Locked<Settings>
  private let ceiling = Locked<SharedCeiling?>(nil)
  private let recordings: CallRecordings?
  /// `nil` where nothing is traced.
  private let tracer: SpanRecorder?
  /// `nil` where the server is the only one, or does not know the others.
  let replicas: ReplicaLink?

  /// A gateway for these agents. With client names, a client's certificate must carry one of those of its wire.
  public convenience init(
    verifier: TokenVerifier, agents: AgentDirectory, limits: GatewayLimits = .init(), clientNames: [String] = [],
    socketClientNames: [String] = [], recordings: CallRecordings? = nil, tracer: SpanRecorder? = nil,
    replicas: ReplicaLink? = nil, log: Logger
  ) {
    self.init(
      verifier: verifier,
      settings: Settings(
        agents: agents, limits: limits, clientNames: clientNames, socketClientNames: socketClientNames),
      recordings: recordings, tracer: tracer, replicas: replicas, log: log)
  }

  /// A gateway with these settings.
  public init(
    verifier: TokenVerifier, settings: Settings, recordings: CallRecordings? = nil, tracer: SpanRecorder? = nil,
    replicas: ReplicaLink? = nil, log: Logger
  ) {
    self.recordings = recordings
    self.replicas = replicas
    self.tracer = tracer
    current = Locked(settings)
    self.log = log
    gate = TokenGate(verifier: verifier, metrics: metrics, log: log)
    gate.accept(clientNames: settings.clientNames, socketClientNames: settings.socketClientNames)
  }

  /// What is in force. Setting it changes no conversation that is up: it keeps its agent, and is not ended for a lower
  /// limit.
  public var settings: Settings {
    get { current.withLock { $0 } }
    set {
      current.withLock { $0 = newValue }
      gate.accept(clientNames: newValue.clientNames, socketClientNames: newValue.socketClientNames)
    }
  }

  var agents: AgentDirectory { current.withLock { $0.agents } }
  var limits: GatewayLimits { current.withLock { $0.limits } }

  /// From now on other servers share the limits of organizations.
  public func shareLimits(_ ceiling: @escaping SharedCeiling) { self.ceiling.withLock { $0 = ceiling } }

  /// Live conversations of each organization that has any.
  public var liveByOrganization: [String: Int] { registry.counts }

  /// The organizations that have live conversations.
  public var liveOrganizations: Set<String> { registry.organizations }

  /// Fully qualified.
  static let conversationMethod = "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"

  /// The methods to serve.
  public var methods: [ServerMethod] {
    [
      ServerMethod(path: "/\(Self.conversationMethod)") { call in
        self.accept(call, .conversation)
      },
      ServerMethod(path: "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ListVirtualAgents") { call in
        self.accept(call, .agentList)
      },
    ]
  }

  /// Conversations that are live.
  public var liveConversations: Int { registry.count }

  /// What the dashboard shows of the live conversations.
  public var statuses: [SessionStatus] { registry.statuses }

  /// Accepts no new conversations from now on; live ones go on, with new RPCs too. Returns when the last one has
  /// ended. After `limit` the callers that are left are transferred: at once, or with their next RPC.
  ///
  /// - Parameter grace: what callers without an open RPC are given for that, after the prompt that they hear; `nil` waits
  ///   for nobody.
  public func drain(limit: Duration, grace: Duration?) async {
    let until = MonotonicClock.now() + limit
    if limit == .zero { openCalls.waitNoLonger() }
    let handOut = handOutCalls()
    defer { handOut?.cancel() }
    await registry.drain(
      limit: limit, grace: grace, most: grace.map { $0 + ConversationStateMachine.longestHandOver } ?? .zero,
      outcome: "callers are transferred", log: log)
    // RPCs that others serve go by here until their callers come by another way.
    if replicas != nil { await openCalls.waitForNone(within: until - MonotonicClock.now()) }
  }

  /// Lets others take the calls, as soon as one is known that takes any.
  private func handOutCalls() -> Task<Void, Never>? {
    guard let replicas else { return nil }
    if replicas.hasTakers {
      registry.handOut()
      return nil
    }
    return Task { [registry] in
      while !replicas.hasTakers {
        do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
      }
      registry.handOut()
    }
  }

  // MARK: What the calls need

  /// New sessions are refused while the live ones need all the time or memory there is.
  func refuseUnderLoad() throws(RPCStatus) {
    if !load.admit() {
      metrics.shedForCPU.increment()
      throw RPCStatus(.resourceExhausted, "the server has no time for more calls now; try again, or another server")
    }
    if !memory.admit() {
      metrics.shedForMemory.increment()
      throw RPCStatus(.resourceExhausted, "the server has no memory for more calls now; try another server")
    }
  }

  /// Why no new calls are taken on, in words; empty while they are.
  public var loadReasons: [String] { [load.reason, memory.reason].compactMap { $0 } }

  /// Looks whether the loops keep up; to be called always after ``loadInterval``.
  public func loadWatch(of loops: EventLoopGroup) -> @Sendable () -> Void {
    let watch = Locked(LoadWatch(loops: loops.loops, monitor: load, metrics: metrics, log: log))
    return { [self] in watch.withLock { $0.look(at: registry, limit: limits.lag, now: EventLoop.now) } }
  }

  /// See ``loadWatch(of:)``.
  public static var loadInterval: Duration { LoadWatch.interval }

  /// A new session's place, or the session that has it already.
  func admit(
    _ status: SessionStatus, to registry: SessionRegistry, on loop: any LoopExecutor, make: () -> any SessionHost
  ) throws(RPCStatus) -> LoopBound<any SessionHost> {
    try refuseUnderLoad()
    // What is not the voice agent's has a registry of its own, and is not counted by others.
    let ceiling = registry === self.registry ? ceiling.withLock { $0 } : nil
    switch registry.admit(status, limits: limits, ceiling: ceiling, on: loop, make: make) {
    case .found(let session): return session
    case .made(let session, let former):
      session.value.opened()
      former?.execute { $0.giveUp() }
      return session
    case .full:
      throw RPCStatus(.resourceExhausted, "the server, or the organization, has as many calls as it takes")
    case .draining: throw RPCStatus(.unavailable, "the server is shutting down")
    }
  }
}

extension VoiceGateway: SessionService {
  var maximumCalls: Int { limits.calls }

  func session(
    for call: SessionCall, first bytes: UnsafeRawBufferPointer, _ identity: Identity
  ) throws -> LoopBound<any SessionHost>? {
    if call.method == .agentList {
      return LoopBound(AgentList(agents.agents(for: identity.organization), identity), loop: call.loop)
    }
    return try conversation(for: call, first: bytes, identity)
  }

  /// The conversation of a line, from its first message: a live one or a new one; `nil` where the call is answered
  /// already.
  ///
  /// - Parameter claim: what is known of whose the conversation is; `nil` where nobody was asked. With other replicas it
  ///   is found out then, and what stands for it meanwhile is returned.
  func conversation(
    for call: any ArrivingLine, first bytes: UnsafeRawBufferPointer, _ identity: Identity,
    claim: ConversationClaim? = nil
  ) throws -> LoopBound<any SessionHost>? {
    let request = try workers.on(call.loop).decoder.decode(bytes)
    try request.check(organization: identity.organization)
    guard !request.conversationID.isEmpty else { throw RPCStatus(.invalidArgument, "conversation_id is empty") }
    let key = ConversationKey(organization: identity.organization, conversation: request.conversationID.string)
    call.subject["conversation"] = "\(key.conversation)"
    if let conversation = registry.find(key) {
      if call.method == .socket { throw Self.secondSocket }
      if let status = registry.status(of: key) {
        call.subject["agent"] = "\(status.agent)"
        call.trace(as: status)
        status.note(trackingID: call.trackingID)
      }
      return conversation
    }
    var (isHangUp, isStart) = (false, false)
    if case .event(let event) = request.input {
      if case .sessionEnd = event.kind { isHangUp = true }
      if case .sessionStart = event.kind { isStart = true }
    }
    if claim == nil, let replicas, let rpc = call as? SessionCall {
      let arriving = ArrivingConversation(
        rpc, key, agent: request.agentID.string, identity, isHangUp ? .end : isStart ? .start : .later,
        isLeaving: registry.isDraining && replicas.hasTakers, of: self, by: replicas)
      return LoopBound(arriving, loop: call.loop)
    }
    if isHangUp {
      // The caller of a conversation that is already over has hung up, or of one that is about to begin.
      if replicas == nil { ends.withLock { $0.hungUp(key, now: call.loop.now) } }
      call.send(VoiceResponse().encoded())
      call.finish()
      return nil
    }
    if isStart, replicas == nil, ends.withLock({ $0.forget(key, now: call.loop.now) }) {
      call.answerOver()
      return nil
    }
    if identity.isRetired { throw gate.refusedRetired(identity) }
    guard var agent = agents.agent(request.agentID.string, for: key.organization) else {
      throw RPCStatus(.notFound, "there is no such virtual agent; ListVirtualAgents lists them")
    }
    if call.method == .socket { agent.conversation = agent.conversation.onSocket }
    call.subject["agent"] = "\(agent.id)"
    let isResumed = !isStart || claim?.isAdopted == true
    var info = CallInfo(
      organization: key.organization, conversation: key.conversation, agent: agent.id,
      trackingID: call.trackingID, vendorConfiguration: request.vendorConfiguration,
      additionalInfo: request.additionalInfo, isResumed: isResumed,
      isHeardAtOnce: agent.conversation.mode == .chunk)
    if let claim {
      info.epoch = claim.epoch
      info.formerTurns = claim.turns
      info.kept = claim.kept?.bot
    }
    if (agent.engine as? any CallerTokenReader)?.readsCallerToken == true {
      info.token = CallerToken(call.authorization)
    }
    let spans = tracer.flatMap { ConversationSpans($0, now: call.loop.now, wall: WallClock.nanoseconds) }
    let log = log.of(key, agent: agent.id, trackingID: call.trackingID, spans: spans)
    let status = SessionStatus(
      key: key, tenant: identity.tenantName, agent: agent.id, began: call.loop.now,
      loop: ObjectIdentifier(call.loop), spans: spans)
    status.note(trackingID: call.trackingID)
    status.kept = claim?.kept
    let session = try admit(status, to: registry, on: call.loop) { [agent] in
      Conversation(
        agent: agent, info: info, status: status, loop: call.loop, worker: workers.on(call.loop),
        metrics: metrics, recorder: recordings?.recorder(for: key, agent: agent),
        trace: spans.map { ConversationTrace($0, of: info) }, ownership: claim == nil ? nil : replicas?.keeper, log: log
      ) { [registry, replicas, ends] in
        registry.remove($0.status)
        if replicas == nil { ends.withLock { $0.ended(key) } }
        replicas?.keeper.ended(key.ownershipKey, number: status.number)
      }
    }
    if let claim, let replicas, registry.status(of: key) === status {
      own(session, status, claim, replicas.keeper)
    }
    // Another loop may have been first.
    if call.method == .socket, registry.status(of: key) !== status { throw Self.secondSocket }
    if let status = registry.status(of: key) { call.trace(as: status) }
    return session
  }
}

extension VoiceGateway {
  private static let secondSocket = RPCStatus(.alreadyExists, "the conversation is live on another connection")
}
