import AudioCodecs
import BotEngine
import GRPCTransport
import Logging
import Ownership
import Recordings
import SpeechDetection
import WebexProtocol
import Wire

/// One call: its turns, its audio, its bot. The RPCs come and go.
///
/// Lives on the loop on which it began. The rules are ``ConversationStateMachine``'s; this type feeds it what it hears
/// and carries out what it decides.
final class Conversation: SessionHost {
  let agent: Agent
  let loop: any LoopExecutor
  let metrics: GatewayMetrics
  let log: Logger
  var info: CallInfo
  /// Names of values that were reported as left out.
  private var knownLeftOut: Set<String> = []
  let status: SessionStatus
  let events = CallerEvents()
  /// Whether the bot may say more.
  let room = OutputRoom()
  let began: Duration
  /// What the bot wants to hear; asked once and not for every frame.
  let audioDelivery: CallerAudioDelivery

  // Audio touches these for each frame. No function of the rules or of what hears calls out, so no two accesses of one
  // overlap, and a frame need not pay for the check.
  @exclusivity(unchecked) var machine: ConversationStateMachine
  @exclusivity(unchecked) var interactions = RPCTable<Interaction>()
  let worker: VoiceWorker
  /// Made with the first audio; its clock goes on over all RPCs.
  @exclusivity(unchecked) var speech: CallerSpeech?
  /// Made with the first prompt, where the agent takes its echo out.
  @exclusivity(unchecked) var echo: EchoFollower?
  /// Whether it was said that there is one.
  var hasReportedEcho = false
  /// What the detector gave out for the chunk at hand.
  @exclusivity(unchecked) var heard: [HeardSpeech] = []
  @exclusivity(unchecked) var utterance = Utterance()
  /// Where in the caller's audio it was noticed that they may be speaking over a prompt, while they may.
  @exclusivity(unchecked) var onset: Int?
  var resampler: Resampler?
  /// Changes of the audio's format on RPCs that are over; the bound is the call's.
  var formatChanges = 0
  var bot: Task<Void, Never>?
  /// Whether the bot was told of the call, or would have been were it asked at all.
  var isBotStarted = false
  /// How far the bot has got.
  var answered: CircuitBreaker.Stage?
  /// What its output takes up, and whether the bot was asked to pause.
  var output = OutputShare()
  /// Whether it was said that output was dropped.
  var hasReportedOverflow = false
  /// Whether it was said that what it has kept is too long.
  var hasReportedTooLong = false
  /// How the bot failed, where it did.
  var failure: BotEnd?
  /// When the caller's turn ended, for the latency of the answer; and how long the caller had been silent by then, where
  /// it was speech that the detector heard end.
  var turnEnded: (at: Duration, silence: Duration?)?
  /// What ended the caller's turn, where it was one of speech.
  var turnEnd: TurnEnd?
  /// The latest turn that the bot was given, and when, until it speaks.
  var handedOver: (turn: Int, at: Duration)?
  /// Where the call is recorded.
  var recorder: CallRecorder?
  /// RPCs of the call that are in its recording, and those of them that are over without the client's half-close.
  var recordedRPCs = 0
  var unclosedRPCs: [RPCID: RecordedRPC] = [:]
  /// Where the call is traced.
  var trace: ConversationTrace?
  /// Whether the conversation is this replica's still; `nil` where nobody else could have it.
  let ownership: OwnershipKeeper?
  /// What was decided while that was not known, and what came from the caller.
  var withheld: [ConversationAction] = []
  var held = HeldInput()
  /// Another replica has it by now.
  var isLost = false
  /// Another may have it as soon as nothing is under way.
  var isHandedOut = false
  var recordingTimer: LoopTimer?
  /// Runs while no RPC is open, until the line is taken for quiet.
  var quietTimer: LoopTimer?
  var timer = DeadlineTimer()
  var onClose: ((Conversation) -> Void)?

  init(
    agent: Agent, info: CallInfo, status: SessionStatus, loop: any LoopExecutor,
    worker: VoiceWorker, metrics: GatewayMetrics,
    recorder: CallRecorder?, trace: ConversationTrace? = nil, ownership: OwnershipKeeper? = nil, log: Logger,
    onClose: @escaping (Conversation) -> Void
  ) {
    self.agent = agent
    self.audioDelivery = agent.engine.audioDelivery
    self.info = info
    self.status = status
    self.loop = loop
    self.worker = worker
    self.metrics = metrics
    self.recorder = recorder
    self.trace = trace
    self.ownership = ownership
    self.log = log
    self.onClose = onClose
    self.began = loop.now
    status.recording = recorder?.id
    self.machine = ConversationStateMachine(settings: agent.conversation, now: began)
    if status.kept?.isSensitive == true {
      _ = machine.bot(.sensitive(true), turn: 0, now: began)
      recordSensitivity()
    }
    metrics.conversationStarted(status, now: began)
    keepRecording()
  }

  // MARK: Lines

  var key: ConversationKey { status.key }

  func opened() {
    log.info("conversation started", metadata: ["agent": "\(agent.id)", "resumed": "\(info.isResumed)"])
  }

  func joined(_ line: any SessionLine) {
    let interaction = Interaction(
      line, CallerAudioDecoder(defaults: agent.defaultFormat, formatChanges: formatChanges))
    interactions[line.id] = interaction
    quietTimer?.cancel()
    quietTimer = nil
    if recorder != nil { record(opened: interaction) }
    info.token?.renew(line.authorization)
  }

  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID) {
    hearOut()
    guard let interaction = interactions[rpc] else { return }
    if let ownership, isHeld(bytes, of: interaction, ownership) { return }
    do {
      let request = try worker.decoder.decode(bytes)
      try request.check(organization: key.organization, conversation: key.conversation)
      if !request.leftOut.isEmpty { report(request) }
      switch request.input {
      case .audio(let audio): try hear(audio, on: interaction)
      case .dtmf(let keys, let unknown):
        if unknown > 0 { metrics.unknownKeys.increment(by: unknown) }
        if recorder != nil { record(input: "DTMF", on: interaction) }
        apply(.digits(keys), on: interaction)
      case .event(let event):
        if case .sessionStart = event.kind { learn(event) }
        if recorder != nil { record(input: event.kind.recordedName, on: interaction) }
        apply(CallerInput(event, leftOut: request.leftOut), on: interaction)
      case .none: break
      }
    } catch {
      interaction.line.refuse(error)
    }
  }

  /// What the flow designer hands over with the start of the call is for the bot, which is told of it once.
  private func learn(_ start: VoiceRequestView.EventInput) {
    var info = info
    info.startName = start.name.nonEmptyString
    info.startParameters = start.parameters
    if !isBotStarted {
      self.info = info
    } else if info.startName != self.info.startName || info.startParameters != self.info.startParameters {
      metrics.leftOutValues.increment()
      log.warning("the start of the call came after the bot was told of the call; what comes with it is left out")
    }
  }

  /// Values over a bound: of an event each is new, what every message repeats is counted and named once.
  private func report(_ request: borrowing VoiceRequestView) {
    let leftOut = request.leftOut
    let isEvent = if case .event = request.input { true } else { false }
    let new = leftOut.names.filter { !knownLeftOut.contains($0) }
    guard isEvent || !new.isEmpty else { return }
    if knownLeftOut.count < Self.maximumLeftOut { knownLeftOut.formUnion(new) }
    if !isBotStarted { info.leftOut = Array((info.leftOut + new).prefix(Self.maximumLeftOut)) }
    metrics.leftOutValues.increment(by: leftOut.count)
    log.warning(
      "values of the flow are over their bounds and were left out",
      metadata: ["count": "\(leftOut.count)", "names": "\(leftOut.names.joined(separator: ", "))"])
  }

  /// Names of values that are kept of a call.
  private static let maximumLeftOut = 64

  private func apply(_ input: CallerInput, on interaction: Interaction) {
    let now = loop.now
    if case .unknown = input { metrics.unknownEvents.increment() }
    markTurnEnd(input, now)
    perform(machine.received(input, on: interaction.id, now: now))
  }

  private func markTurnEnd(_ input: CallerInput, _ now: Duration) {
    switch input {
    case .digits, .noInput, .custom: turnEnded = (now, nil)
    default: break
    }
  }

  /// The caller's part of an RPC is over.
  func halfClosed(_ rpc: RPCID) {
    hearOut()
    guard let interaction = interactions[rpc] else { return }
    if let ownership, isHeld(nil, of: interaction, ownership) { return }
    if recorder != nil {
      interaction.traits.isHalfClosed = true
      record(halfClosed: interaction.traits)
    }
    if machine.isSpeaking, machine.isListening(on: rpc) {
      turnEnded = (loop.now, nil)
      turnEnd = .platform
      deliverUtterance()
    }
    perform(machine.halfClosed(rpc, speechOffset: speech?.position ?? 0, now: loop.now))
  }

  /// An RPC is gone: one that was completed has delivered the greeting, or has not; another was lost.
  func left(_ rpc: RPCID, isDelivered: Bool) {
    hearOut()
    if leave(rpc) == nil {
      if let unclosed = unclosedRPCs.removeValue(forKey: rpc) { record(halfClosed: unclosed) }
      perform(machine.greetingSettled(rpc, isDelivered: isDelivered, now: loop.now))
    } else {
      unclosedRPCs[rpc] = nil
      perform(machine.lost(rpc, now: loop.now))
    }
    if isHandedOut { handOut() }
  }

  /// An RPC leaves: nothing of it counts any more.
  @discardableResult
  func leave(_ rpc: RPCID) -> Interaction? {
    guard let interaction = interactions.removeValue(forKey: rpc) else { return nil }
    interaction.isOver = true
    if recorder != nil { record(ended: interaction) }
    interaction.audio.finish()
    formatChanges = max(formatChanges, interaction.audio.counts.formatChanges)
    metrics.heard(interaction.audio.counts)
    if interactions.isEmpty, !machine.isClosed {
      quietTimer?.cancel()
      quietTimer = loop.schedule(after: Self.quiet) { self.restLine() }
    }
    return interaction
  }

  /// After so long without an RPC nothing that a caller says next began before it: longer than the pre-roll.
  private static let quiet = Duration.seconds(2)

  /// A conversation between two RPCs holds no audio.
  private func restLine() {
    quietTimer = nil
    speech?.rest()
    echo?.rest(at: loop.now)
  }

  /// The server's time is up; see ``ConversationStateMachine/shutDown(grace:now:)``.
  func shutDown(grace: Duration?) {
    hearOut()
    perform(machine.shutDown(grace: grace, now: loop.now))
  }

  /// The caller was lost, and another has been given the place.
  func giveUp() {
    hearOut()
    perform(machine.giveUp(now: loop.now))
  }

  // MARK: Time

  func tick() {
    hearOut()
    perform(machine.tick(now: loop.now))
  }
}
