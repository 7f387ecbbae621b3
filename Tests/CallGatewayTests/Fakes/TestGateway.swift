import BotEngine
import CallTraces
import GRPCTransport
import Locking
import Logging
import SpeechDetection
import TokenVerification
import WebexProtocol

@testable import CallGateway

/// Both gateways with one bot, one receiver and a clock that the test moves.
final class TestGateway {
  static let organization = "5cd1d8a6-0000-4000-8000-000000000001"
  static let issuer = Result { try DevelopmentIssuer() }

  let loops: ManualLoops
  let bot: PuppetBot
  let receiver = PuppetReceiver()
  let gateway: VoiceGateway
  let media: MediaGateway
  private let verifier: TokenVerifier
  private let tenant: Tenant
  private let issuer: DevelopmentIssuer

  init(
    queues: Int = 1, loops: ManualLoops? = nil, bot: PuppetBot = PuppetBot(),
    conversation: ConversationStateMachine.Settings = .init(),
    speech: EndpointingSettings = .init(), limits: GatewayLimits = .init(),
    meetings: MeetingSettings = .init(audioCodec: .mulaw),
    receivers: [any MediaReceiver] = [], keys: (any KeySource)? = nil, recordings: CallRecordings? = nil,
    tracer: SpanRecorder? = nil, replicas: ReplicaLink? = nil,
    log: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  ) throws {
    issuer = try Self.issuer.get()
    tenant = try Tenant(
      organization: Self.organization, name: "Acme", url: "https://bot.example",
      schemas: SchemaID.media.union([.voiceVirtualAgentSocket]))
    verifier = TokenVerifier(
      policy: ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant]), keys: keys ?? issuer.keySource)
    self.loops = loops ?? ManualLoops(queues)
    self.bot = bot
    let agent = Agent(id: "agent", name: "Agent", engine: bot, conversation: conversation, speech: speech)
    gateway = VoiceGateway(
      verifier: verifier, agents: AgentDirectory([agent]), limits: limits, recordings: recordings, tracer: tracer,
      replicas: replicas, log: log)
    media = MediaGateway(
      gateway: gateway,
      settings: .init(
        receivers: MediaReceivers(
          ([receiver] + receivers).enumerated().map { index, receiver in
            .init(id: index == 0 ? "puppet" : "receiver-\(index)", receiver: receiver, kinds: [.fork, .meeting])
          }),
        meetingRate: 8000, meetings: meetings),
      log: log)
  }

  /// The tenant is gone from the configuration; its tokens are still known.
  func retireTenant() {
    verifier.policy = ClaimPolicy(issuers: [issuer.issuer], tenants: [], retired: [tenant])
  }

  // MARK: RPCs

  func rpc(_ schema: SchemaID, on loop: Int = 0, _ headers: [(String, String)] = []) throws -> FakeRPC {
    let token = try issuer.mint(issuer.claims(for: tenant, schema: schema))
    return FakeRPC(loops, on: loop, headers: [("authorization", "Bearer \(token)")] + headers)
  }

  /// Begins `ProcessCallerInput`.
  func call(on loop: Int = 0, headers: [(String, String)] = []) throws -> FakeRPC {
    let rpc = try rpc(.voiceVirtualAgent, on: loop, headers)
    rpc.begin { gateway.accept($0, .conversation) }
    return rpc
  }

  /// Opens a socket, whose token is accepted.
  func socket(_ path: SocketPath = .conversation, schema: SchemaID = .voiceVirtualAgentSocket) throws -> FakeSocket? {
    let token = try issuer.mint(issuer.claims(for: tenant, schema: schema))
    let upgrade = SocketUpgrade(path: path, authorization: ["Bearer \(token)"], trackingID: "t-1", peer: "192.0.2.1")
    let accepted = Locked<Identity?>(nil)
    gateway.authorize(upgrade) { result in accepted.withLock { $0 = try? result.get() } }
    return accepted.withLock { $0 }.map { FakeSocket(self, upgrade, $0) }
  }

  /// Begins `ListVirtualAgents`.
  func list(headers: [(String, String)] = []) throws -> FakeRPC {
    let rpc = try rpc(.voiceVirtualAgent, on: 0, headers)
    rpc.begin { gateway.accept($0, .agentList) }
    return rpc
  }

  /// Begins an RPC that brings media.
  func stream(_ method: SessionMethod, on loop: Int = 0, headers: [(String, String)] = []) throws -> FakeRPC {
    let rpc = try rpc(method.schema, on: loop, headers)
    rpc.begin { media.accept($0, method) }
    return rpc
  }

  /// Begins a meeting with one stream of audio.
  func meeting() throws -> (control: FakeRPC, stream: FakeRPC) {
    let control = try stream(.meetingControl)
    control.send(message: MediaMessage.control())
    let stream = try stream(.meetingMedia)
    stream.send(message: MediaMessage.audioStream("s-1"))
    return (control, stream)
  }

  /// Begins an RPC in a process that relays it, whose loop is the last, to another loop.
  func relayed(_ method: SessionMethod, to loop: Int) throws -> FakeRPC {
    let rpc = try rpc(method.schema, on: loops.loops.count - 1, [])
    let service: any SessionService = method.schema == .voiceVirtualAgent ? gateway : media
    rpc.begin { OtherProcessRPC($0, to: loops.loops[loop], service, method) }
    return rpc
  }

  /// A session of no RPC, on the first loop.
  func session(
    of registry: SessionRegistry, _ conversation: String, make: (SessionStatus) -> any SessionHost
  ) throws -> any SessionHost {
    try loops.run(on: loops.loops[0]) {
      let status = SessionStatus(
        key: ConversationKey(organization: Self.organization, conversation: conversation), agent: "agent",
        began: loops.loops[0].now, loop: ObjectIdentifier(loops.loops[0]))
      return try gateway.admit(status, to: registry, on: loops.loops[0]) { make(status) }.value
    }
  }

  // MARK: The bot and the clock

  /// The bot does something, on a thread of its own.
  func bot(_ commands: BotCommand...) {
    for command in commands { bot.call?.send(command) }
    loops.settle()
  }

  /// The bot ends its turn with a text.
  func answer(_ text: String) { bot(.text(text, bargeIn: true), .endTurn(nil)) }

  func advance(by time: Duration) { loops.advance(by: time) }
}

extension VoiceRequest {
  static func of(
    _ input: Input, conversation: String = "c-1", organization: String = TestGateway.organization
  ) -> [UInt8] {
    VoiceRequest(conversationID: conversation, organizationID: organization, input: input).encoded()
  }

  static let start = of(.event(Event(.sessionStart)))
  static let hangup = of(.event(Event(.sessionEnd)))

  /// A fiftieth of a second of silence.
  static let silence = of(
    .audio(Audio(bytes: [UInt8](repeating: 0xFF, count: 160), encoding: .mulaw, sampleRate: 8000)))
}

extension FakeRPC {
  /// What was sent, decoded.
  var responses: [VoiceResponse] { get throws { try sent.map { try VoiceResponse(decoding: $0) } } }
  /// The events and texts of what was sent, in order.
  var told: [String] {
    get throws {
      try responses.flatMap { response in
        response.prompts.compactMap { $0.text ?? ($0.audio?.count).flatMap { $0 > 0 ? "\($0) bytes" : nil } }
          + response.events.map { "\($0.kind)" }
      }
    }
  }
}
