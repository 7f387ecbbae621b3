import BotEngine
public import GRPCTransport
public import Logging
import Locking
import Synchronization
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
    /// The names of which a client's certificate must carry one; none takes any.
    public var clientNames: [String]

    /// Settings.
    public init(agents: AgentDirectory, limits: GatewayLimits = .init(), clientNames: [String] = []) {
      self.agents = agents
      self.limits = limits
      self.clientNames = clientNames
    }
  }

  let verifier: TokenVerifier
  let log: Logger
  let metrics = GatewayMetrics()
  let registry: ConversationRegistry
  /// Whether the server keeps up with the calls that it has.
  public let load = LoadMonitor()
  /// Whether there is memory for more calls.
  public let memory = MemoryGuard()
  private let workers = Locked<[ObjectIdentifier: LoopBound<VoiceWorker>]>([:])
  private let current: Locked<Settings>
  private let clientNames: Locked<ClientNames>
  private let recordings: CallRecordings?
  private let rpcs = Atomic<UInt64>(0)
  private let openCalls = Atomic<Int>(0)

  /// A gateway for these agents. With `clientNames`, a client's certificate must carry one of them.
  public convenience init(
    verifier: TokenVerifier, agents: AgentDirectory, limits: GatewayLimits = .init(), clientNames: [String] = [],
    recordings: CallRecordings? = nil, log: Logger
  ) {
    self.init(
      verifier: verifier, settings: Settings(agents: agents, limits: limits, clientNames: clientNames),
      recordings: recordings, log: log)
  }

  /// A gateway with these settings.
  public init(verifier: TokenVerifier, settings: Settings, recordings: CallRecordings? = nil, log: Logger) {
    self.recordings = recordings
    current = Locked(settings)
    clientNames = Locked(ClientNames(settings.clientNames))
    self.verifier = verifier
    self.log = log
    registry = ConversationRegistry(limits: settings.limits)
  }

  /// What is in force. Setting it changes no conversation that is up: it keeps its agent, and is not ended for a lower
  /// limit.
  public var settings: Settings {
    get { current.withLock { $0 } }
    set {
      current.withLock { $0 = newValue }
      clientNames.withLock { $0 = ClientNames(newValue.clientNames) }
      registry.limits = newValue.limits
    }
  }

  var agents: AgentDirectory { current.withLock { $0.agents } }
  var limits: GatewayLimits { current.withLock { $0.limits } }

  /// The organizations that have conversations up.
  public var liveOrganizations: Set<String> { registry.organizations }

  /// The methods to serve.
  public var methods: [ServerMethod] {
    [
      ServerMethod(path: "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput") { call in
        self.accept(call)
      },
      ServerMethod(path: "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ListVirtualAgents") { call in
        self.acceptList(call)
      },
    ]
  }

  /// Conversations that are up.
  public var liveConversations: Int { registry.count }

  /// What the dashboard shows of the live conversations.
  public var statuses: [ConversationStatus] { registry.statuses }

  /// Answers so far, and percentiles of the latest ones in milliseconds; `nil` before the first.
  public var turnLatency: (count: Int, p50: Double, p90: Double, p99: Double)? { metrics.latencies.summary }

  /// What the dashboard counts, with names for people.
  public var counts: [(name: String, value: Int)] { metrics.counts }

  /// Takes no new conversations from now on; those that are up go on, with new RPCs too. Returns when the last one has
  /// ended. After `limit` the callers that are left are transferred: at once, or with their next RPC.
  ///
  /// - Parameter grace: what callers without an open RPC are given for that, after the prompt that they hear; `nil` waits
  ///   for nobody.
  public func drain(limit: Duration, grace: Duration?) async {
    registry.drain()
    let clock = ContinuousClock()
    await waitForEnd(until: clock.now + limit, poll: .milliseconds(50))
    let left = registry.all
    if left.isEmpty { return }
    log.warning("the drain's time is over: callers are transferred", metadata: ["calls": "\(left.count)"])
    for conversation in left { conversation.loop.execute { conversation.value.shutDown(grace: grace) } }
    // Each conversation keeps its own time; this is for one that does not.
    let most = grace.map { $0 + ConversationStateMachine.longestHandOver } ?? .zero
    await waitForEnd(until: clock.now + most + .seconds(1), poll: .milliseconds(20))
  }

  private func waitForEnd(until end: ContinuousClock.Instant, poll: Duration) async {
    let clock = ContinuousClock()
    while registry.count > 0, clock.now < end, !Task.isCancelled { try? await clock.sleep(for: poll) }
  }

  // MARK: What the handlers need

  func nextRPC() -> RPCID { RPCID(rpcs.add(1, ordering: .relaxed).newValue) }

  /// Counts a call in; false where there are too many.
  func enter() -> Bool {
    openCalls.add(1, ordering: .relaxed).newValue <= limits.calls
  }

  func leave() { openCalls.subtract(1, ordering: .relaxed) }

  func accept(_ call: any IncomingRPC) -> any IncomingRPCHandler {
    let handler = VoiceCallHandler(call: call, gateway: self, worker: worker(on: call.executor))
    handler.begin()
    return handler
  }

  func acceptList(_ call: any IncomingRPC) -> any IncomingRPCHandler {
    let handler = AgentListHandler(call: call, gateway: self)
    handler.begin()
    return handler
  }

  /// The loop's own decoder and buffers; asked once an RPC, on the loop.
  func worker(on loop: any LoopExecutor) -> VoiceWorker {
    let id = ObjectIdentifier(loop)
    if let worker = workers.withLock({ $0[id] }) { return worker.value }
    let worker = LoopBound(VoiceWorker(), loop: loop)
    workers.withLock { $0[id] = worker }
    return worker.value
  }

  /// Verifies the call's token: at once where the keys are at hand, else when they have been fetched. The result comes
  /// on the call's loop.
  ///
  /// - Parameter admitsRetired: whether the token of a retired tenant will do, because it might be for a conversation
  ///   that is up; who says so sees to it that nothing new begins with it.
  func authenticate<Handler: AnyObject>(
    _ call: any IncomingRPC, schema: RequiredSchema, admitsRetired: Bool = false, for handler: Handler,
    then: @escaping @Sendable (Handler, Result<Identity, RPCStatus>) -> Void
  ) {
    let names = clientNames.withLock { $0 }
    guard names.admit(call.peerCertificate) else {
      metrics.refusedToken("client-name")
      log.notice("a client's certificate has none of the names", metadata: ["peer": "\(call.peer)"])
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

  func refused(_ status: RPCStatus, call: any IncomingRPC) {
    metrics.refused("\(status.code)")
    log.warning(
      "call refused", metadata: ["status": "\(status.code)", "why": "\(status.message)", "peer": "\(call.peer)"])
  }

  /// A message that is not taken, whatever is wrong with it: counted, and with what its RPC ends.
  func refusedMessage(_ error: any Error) -> RPCStatus {
    metrics.refusedMessages.increment()
    return error as? RPCStatus ?? RPCStatus(.invalidArgument, "\(error)")
  }

  /// Something new is refused while what is up takes all there is.
  func refuseUnderLoad() throws(RPCStatus) {
    if load.isOverloaded {
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

  /// Watches whether the loops keep up, until the task is cancelled.
  public func watchLoad(of loops: EventLoopGroup) async {
    var watch = LoadWatch(loops: loops.loops, monitor: load, metrics: metrics, log: log)
    while !Task.isCancelled {
      watch.look(at: registry.statuses, limit: limits.lag, now: EventLoop.now)
      try? await Task.sleep(for: LoadWatch.interval)
    }
  }

  /// The conversation of an RPC's first message: the one that is up, or a new one on the RPC's loop.
  func conversation(
    for key: ConversationKey, identity: Identity, request: borrowing VoiceRequestView, call: any IncomingRPC
  ) throws(RPCStatus) -> LoopBound<Conversation> {
    if let conversation = registry.find(key) { return conversation }
    if identity.isRetired { throw refusedRetired(identity) }
    guard let agent = agents.agent(request.agentID.string, for: key.organization) else {
      throw RPCStatus(.notFound, "there is no such virtual agent; ListVirtualAgents lists them")
    }
    var isResumed = true
    if case .event(let event) = request.input, case .sessionStart = event.kind { isResumed = false }
    var info = CallInfo(
      organization: key.organization, conversation: key.conversation, agent: agent.id,
      trackingID: call.trackingID, vendorConfiguration: request.vendorConfiguration,
      additionalInfo: request.additionalInfo, isResumed: isResumed,
      isHeardAtOnce: agent.conversation.mode == .chunk)
    if (agent.engine as? any CallerTokenReader)?.readsCallerToken == true {
      info.token = CallerToken(call.values(for: "authorization").first)
    }
    var log = log
    log[metadataKey: "conversation"] = "\(key.conversation)"
    log[metadataKey: "org"] = "\(key.organization)"
    if let tracking = info.trackingID { log[metadataKey: "trackingid"] = "\(tracking)" }
    try refuseUnderLoad()
    let status = ConversationStatus(
      key: key, agent: agent.id, began: call.executor.now, loop: ObjectIdentifier(call.executor))
    let admission = registry.admit(key, status: status, now: status.began) {
      let conversation = Conversation(
        key: key, agent: agent, info: info, status: status, loop: call.executor, worker: worker(on: call.executor),
        metrics: metrics, recorder: recordings?.recorder(for: key, agent: agent), log: log
      ) { [registry] in registry.remove($0.key, $0.status) }
      return LoopBound(conversation, loop: call.executor)
    }
    switch admission {
    case .found(let conversation): return conversation
    case .made(let conversation):
      log.info("conversation started", metadata: ["agent": "\(agent.id)", "resumed": "\(isResumed)"])
      return conversation
    case .madeInstead(let conversation, let former):
      log.info("conversation started", metadata: ["agent": "\(agent.id)", "resumed": "\(isResumed)"])
      former.loop.execute { former.value.giveUp() }
      return conversation
    case .full:
      throw RPCStatus(.resourceExhausted, "the server, or the organization, has as many calls as it takes")
    case .draining: throw RPCStatus(.unavailable, "the server is shutting down")
    }
  }

  /// Joins an RPC with a conversation on another loop.
  func remoteInteraction(
    with conversation: LoopBound<Conversation>, of handler: VoiceCallHandler, call: any IncomingRPC, id: RPCID,
    organization: String
  ) -> RemoteInteraction {
    let near = LoopBound(handler, loop: call.executor)
    let far = RemoteLine(near: near, nearLoop: call.executor, organization: organization)
    return RemoteInteraction(conversation, far: far, id: id, authorization: call.values(for: "authorization").first)
  }
}
