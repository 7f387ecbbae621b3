import AudioCodecs
import BotEngines
package import BotTestKit
import GRPCTransport
package import ReplayKit
package import WebexProtocol

/// Who is tested, and how.
package struct ConformancePlan: Sendable {
  /// How the server is reached; its token is the good one.
  package var route: CallRoute
  /// The caller's organization, agent, audio and patience.
  package var settings: CallerSettings
  /// What signs tokens that the server trusts, with the good token's claims; `nil` where only that token is there.
  package var mint: (@Sendable (_ change: TokenChange) throws -> String)?
  /// A good token of another organization, and that organization.
  package var second: (token: String, organization: String)?
  /// What the caller keys.
  package var keys: [DTMFKey] = [.one, .two]
  /// Brings the bot to transfer.
  package var transfer: BotTestCue?
  /// Brings the bot to end the call.
  package var end: BotTestCue?
  /// Calls at a time.
  package var callsAtOnce = 8
  /// The cases played, by name; empty is all.
  package var only: Set<String> = []
  /// Conversations of the partner's own, which are played beside the cases.
  package var scenarios: [ConformanceScenario] = []
  /// Whether they are all that is played.
  package var hasScenariosOnly = false

  /// A plan without cues.
  package init(route: CallRoute, settings: CallerSettings) {
    self.route = route
    self.settings = settings
  }
}

/// What is wrong with a token that a server has to refuse.
package enum TokenChange: Sendable, CaseIterable {
  /// It has ended.
  case expired
  /// It is for another URL.
  case url
  /// It is for another schema.
  case schema
}

/// Where cases place their calls.
struct Bench: Sendable {
  let plan: ConformancePlan
  let loop: EventLoop
  let words: SpokenClip
  /// A connection for probes; over WebSocket there are none.
  let channel: GRPCChannel
  /// Whether calls come over WebSocket.
  var isSocket: Bool { plan.route.socket != nil }

  init(_ plan: ConformancePlan, loop: EventLoop) throws {
    self.plan = plan
    self.loop = loop
    words = try Self.words(.telephone)
    var options = GRPCChannel.Options()
    options.maximumSendQueue = 16 << 20
    channel = try GRPCChannel(target: plan.route.target, security: plan.route.security, loop: loop, options: options)
  }

  /// Holds a call to its end; hangs up as soon as the last step has been answered.
  func call(_ steps: [CallStep], _ change: (inout CallerSettings, inout CallRoute) -> Void = { _, _ in }) async throws
    -> HeldCall
  {
    try await hold(steps, limit: .seconds(60), isCutShort: true) { settings, route in
      settings.noInputLimit = .seconds(3)
      change(&settings, &route)
    }
  }

  /// Holds a call to its end.
  ///
  /// - Parameters:
  ///   - clips: what is said; `nil` is the words that every bot is told.
  ///   - limit: when the caller hangs up whatever they are about.
  ///   - isCutShort: whether they hang up as soon as the last step has been answered, and do not listen to the answer.
  func hold(
    _ steps: [CallStep], clips: [SpokenClip]? = nil, limit: Duration, isCutShort: Bool = false,
    _ change: (inout CallerSettings, inout CallRoute) -> Void
  ) async throws -> HeldCall {
    var settings = plan.settings
    var route = plan.route
    settings.conversation = RandomID.make()
    settings.patience = .seconds(10)
    settings.halfCloseDelay = .zero ... .milliseconds(50)
    change(&settings, &route)
    let clips = try clips ?? [Self.words(settings.format)]
    let placed = try PlacedCall(Caller(steps: steps, clips: clips, settings: settings), over: route, loop: loop)
    let timer = Task {
      try await Task.sleep(for: limit)
      placed.hangUp()
    }
    defer { timer.cancel() }
    var begun = 0
    var events: [(event: CallEvent, at: Duration)] = []
    for await news in placed.news {
      switch news {
      case .event(let event, let time):
        if events.count < 10_000 { events.append((event, time)) }
        if event.beginsStep { begun += 1 }
        if isCutShort, case .answer = event, settings.bargeIn == nil, begun >= steps.count { placed.hangUp() }
      case .over(let caller, let outcome): return HeldCall(caller: caller, outcome: outcome, events: events)
      case .levels: break
      }
    }
    throw CancellationError()
  }

  /// What every bot is told.
  private static func words(_ format: AudioFormat) throws -> SpokenClip {
    try SpokenClip(name: "words", wav: WAVFile(format: .telephone, audio: CallerVoice.sentence()), format: format)
  }

  // MARK: Probes

  func metadata(authorization: String?) -> Metadata {
    var metadata: Metadata = [("trackingid", "conformance_\(RandomID.make())")]
    if let authorization { metadata.add("authorization", authorization) }
    return metadata
  }

  var good: Metadata { metadata(authorization: plan.route.token.map { "Bearer \($0)" }) }

  func request(_ input: VoiceRequest.Input, _ conversation: String) -> [UInt8] {
    VoiceRequest(
      conversationID: conversation, organizationID: plan.settings.organization, agentID: plan.settings.agent,
      vendorConfiguration: plan.settings.vendorConfiguration, input: input
    ).encoded()
  }

  func audio(_ bytes: [UInt8], _ conversation: String, isStated: Bool = true) -> [UInt8] {
    request(
      .audio(.init(bytes: bytes, encoding: isStated ? .mulaw : nil, sampleRate: isStated ? 8000 : 0)), conversation)
  }

  /// An RPC of one event.
  func event(_ kind: VoiceRequest.Event.Kind, _ conversation: String, metadata: Metadata? = nil) async -> ProbeResult {
    await run(
      Probe(
        path: CallRoute.path, metadata: metadata ?? good, opening: [request(.event(.init(kind)), conversation)]))
  }

  /// An RPC in which the words are said.
  func speech(
    _ conversation: String, before opening: [[UInt8]] = [], isStated: Bool = true, cut: Int = 160
  ) async -> ProbeResult {
    let all = [UInt8](repeating: 0xFF, count: 2400) + words.frames.flatMap { $0 }
    let pieces = stride(from: 0, to: all.count, by: cut).map { Array(all[$0..<min($0 + cut, all.count)]) }
    return await run(
      Probe(
        path: CallRoute.path, metadata: good, opening: opening,
        paced: pieces.map { audio($0, conversation, isStated: isStated) },
        silence: audio([UInt8](repeating: 0xFF, count: cut), conversation, isStated: isStated),
        interval: .microseconds(cut * 125), patience: .seconds(12)))
  }

  func run(_ probe: Probe) async -> ProbeResult { await ProbeRPC.run(probe, on: channel) }
}

extension CallEvent {
  /// Whether the caller begins the next step.
  fileprivate var beginsStep: Bool {
    switch self {
    case .speaks, .presses, .noInput, .custom: true
    default: false
    }
  }
}
