import WebexProtocol

/// One calling party with the platform around it, as Webex behaves: which RPCs are opened when, what is sent in them,
/// when prompts play and when they are cut (`ProcessCallerInput`, one RPC for each interaction).
///
/// Pure: responses and a clock go in, actions come out. All times count from the start of the call.
///
/// ```swift
/// caller.start(at: .zero)
/// for action in caller.takeActions() { … }
/// // when caller.nextWake has come:
/// caller.tick(at: now)
/// ```
public struct Caller: Sendable {
  /// What the caller does after the greeting.
  public let steps: [CallStep]
  /// What the caller can say.
  public internal(set) var clips: [SpokenClip]
  /// Who calls whom.
  public let settings: CallerSettings

  /// What was exchanged so far.
  public internal(set) var turns: [CallTurn] = []
  /// What was heard and said, if ``CallerSettings/keepsAudio``.
  public internal(set) var timeline = CallTimeline()
  /// How the call ended, once it has.
  public internal(set) var outcome: CallOutcome?
  /// What the server did that the platform does not allow.
  public internal(set) var violations: [WireViolation] = []
  /// RPCs that ended with another status than OK, or not at all, after all that was to be heard on them: the call has
  /// not failed for it, but the platform takes such an RPC for failed.
  public internal(set) var brokenRPCs: [CallError] = []
  /// Frames of audio sent.
  public internal(set) var framesSent = 0
  /// Audio of interrupted answers that came after START_OF_INPUT had interrupted them: the platform drops it, and a
  /// server should not have sent it.
  public internal(set) var audioAfterInterruption = Duration.zero
  /// Prompts that were text for the platform's own voice.
  public internal(set) var textPrompts = 0
  /// Those of them that a local voice has spoken.
  public internal(set) var spokenTexts = 0
  /// How often all steps were done, with ``CallerSettings/repeatsSteps``.
  public internal(set) var rounds = 0

  var phase = Phase.ready
  var rpcs: [OpenRPC] = []
  var lastRPC = 0
  var playout = Playout()
  var stream: AudioStream?
  var inputMode = InputMode.unspecified
  var handling: InputHandling?
  var responseMode: ResponseMode?
  /// The texts of the response at hand that a local voice has spoken, at 8,000 Hz.
  var spoken: [String: [Int16]] = [:]
  var isRepeating: Bool
  var isEnding = false
  var stepIndex = 0
  var step = StepProgress.pending
  /// What a person at a telephone does; `nil` where the steps are all that is done.
  var live: LiveInput?
  private var actions: [CallerAction] = []

  /// A caller who has not called yet.
  public init(steps: [CallStep], clips: [SpokenClip], settings: CallerSettings) {
    self.steps = steps
    self.clips = clips
    self.settings = settings
    isRepeating = settings.repeatsSteps && !steps.isEmpty
    timeline = CallTimeline(limit: settings.keptAudio)
  }

  // MARK: What happens

  /// The call begins: SESSION_START.
  public mutating func start(at now: Duration) {
    guard case .ready = phase else { return }
    turns.append(CallTurn(.greeting, began: now))
    turns[0].sent = now
    tell(.sessionStart)
    let rpc = open(.sessionStart, turn: 0)
    say(.event(.init(.sessionStart)), on: rpc)
    halfClose(rpc)
    phase = .waiting(rpc: rpc, since: now)
  }

  /// Time has passed: ``nextWake`` has come, or any other time.
  public mutating func tick(at now: Duration) {
    guard outcome == nil else { return }
    if playout.takeEnd(at: now) { tell(.promptsEnd) }
    for line in rpcs { if let closes = line.closes, closes <= now { halfClose(line.id) } }
    switch phase {
    case .ready, .finished: break
    case .waiting(let rpc, let since):
      if let due = earlyBargeIn, due <= now {
        finishStep()
        phase = .listening(since: now)
        listen(at: now)
      } else if now >= since + settings.patience {
        fail(.noAnswer, rpc: rpc, at: now)
      }
    case .listening: listen(at: now)
    case .keying(let keying): if keying.due <= now { complete(keying, at: now) }
    case .leaving: leave(at: now)
    case .hangingUp(let since):
      guard now >= since + settings.leaveTimeout else { return }
      for line in rpcs { noteBroken(line.purpose == .sessionEnd ? .noAnswer : .notCompleted, line) }
      finish(.hungUp, at: now)
    }
  }

  /// The RPC was completed with a gRPC status.
  public mutating func completed(rpc: Int, status: Int, message: String = "", at now: Duration) {
    guard let index = rpcs.firstIndex(where: { $0.id == rpc }) else { return }
    let line = rpcs.remove(at: index)
    if stream?.rpc == rpc { stream = nil }
    guard outcome == nil else { return }
    guard status == 0 else {
      let reason = CallError.Reason.status(code: status, message: message)
      guard case .leaving = phase, line.isDropped else { return fail(reason, line, at: now) }
      // A server that ends hands its callers over, and says UNAVAILABLE behind that.
      if status != Self.unavailable { noteBroken(reason, line) }
      return leave(at: now)
    }
    switch line.purpose {
    case .sessionEnd, .startOfDTMF: break
    case .sessionStart, .audio, .digits, .noInput, .custom:
      if !line.isAnswered, !line.isDropped { return fail(.completedWithoutAnswer, line, at: now) }
    }
    if case .leaving = phase { leave(at: now) }
    // Every RPC is read to its status, the one of SESSION_END and those that were open before.
    if case .hangingUp = phase, rpcs.isEmpty { finish(.hungUp, at: now) }
  }

  private static let unavailable = 14

  private mutating func noteBroken(_ reason: CallError.Reason, _ line: OpenRPC) {
    let failure = CallError(reason, during: line.purpose)
    brokenRPCs.append(failure)
    tell(.broken(failure))
  }

  /// A response of the RPC could not be decoded.
  public mutating func couldNotRead(rpc: Int, _ why: String, at now: Duration) {
    guard outcome == nil else { return }
    fail(.unreadable(why), rpc: rpc, at: now)
  }

  /// A response came that no RPC waits for, which only a wire without RPCs can bring.
  public mutating func receivedUnasked() { if outcome == nil { violate(.unexpectedResponse) } }

  /// The caller hangs up before the steps are done.
  public mutating func hangUp(at now: Duration) {
    guard outcome == nil else { return }
    switch phase {
    case .hangingUp, .finished: return
    case .ready: return finish(.hungUp, at: now)
    case .leaving(let outcome, _): return finish(outcome, at: now)
    case .waiting, .listening, .keying: break
    }
    tell(.hangsUp)
    abandonLines()
    cutPrompts(at: now)
    let rpc = open(.sessionEnd, turn: nil)
    say(.event(.init(.sessionEnd)), on: rpc)
    halfClose(rpc)
    phase = .hangingUp(since: now)
  }

  /// The step that is under way is the last one: the caller hangs up when it has been answered, or at once if there is
  /// none under way.
  public mutating func endSoon(at now: Duration) {
    isEnding = true
    switch phase {
    case .listening where step != .underWay: hangUp(at: now)
    case .ready: hangUp(at: now)
    case .waiting, .listening, .keying, .leaving, .hangingUp, .finished: break
    }
  }

  /// The actions since the last time, in order.
  public mutating func takeActions() -> [CallerAction] {
    defer { actions = [] }
    return actions
  }

  /// Exchanges the actions since the last time, in order, for an empty buffer: neither has to be allocated anew.
  public mutating func exchangeActions(_ empty: inout [CallerAction]) {
    precondition(empty.isEmpty, "actions would be done twice")
    swap(&actions, &empty)
  }

  /// The number of RPCs that are open.
  public var openRPCs: Int { rpcs.count }

  // MARK: Doing

  mutating func act(_ action: CallerAction) { actions.append(action) }

  mutating func tell(_ event: CallEvent) { actions.append(.tell(event)) }

  mutating func violate(_ violation: WireViolation) {
    if violations.count < 1000 { violations.append(violation) }
    tell(.violation(violation))
  }

  mutating func open(_ purpose: RPCPurpose, turn: Int?) -> Int {
    lastRPC += 1
    rpcs.append(OpenRPC(id: lastRPC, purpose: purpose, turn: turn))
    act(.open(rpc: lastRPC))
    return lastRPC
  }

  mutating func say(_ input: VoiceRequest.Input, on rpc: Int) { act(.send(rpc: rpc, input: input)) }

  mutating func halfClose(_ rpc: Int) {
    guard let index = rpcs.firstIndex(where: { $0.id == rpc }), !rpcs[index].isHalfClosed else { return }
    rpcs[index].isHalfClosed = true
    rpcs[index].closes = nil
    act(.halfClose(rpc: rpc))
    if stream?.rpc == rpc { stream = nil }
  }

  /// Half-closes an RPC some time after END_OF_INPUT, as the platform does.
  mutating func halfCloseSoon(_ rpc: Int, at now: Duration) {
    let range = stepTime(stepIndex)?.halfClose.map { $0...$0 } ?? settings.halfCloseDelay
    guard range.upperBound > .zero else { return halfClose(rpc) }
    if stream?.rpc == rpc { stream = nil }
    guard let index = rpcs.firstIndex(where: { $0.id == rpc }), !rpcs[index].isHalfClosed else { return }
    // Spread over the range, and the same again for the same conversation (FNV-1a).
    let seed = "\(settings.conversation) \(rpc)".utf8.reduce(14_695_981_039_346_656_037 as UInt64) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    rpcs[index].closes = now + range.lowerBound + (range.upperBound - range.lowerBound) * Int(seed % 1000) / 999
  }

  /// Half-closes what is open and takes nothing more from it.
  mutating func abandonLines() {
    for index in rpcs.indices { rpcs[index].isDropped = true }
    for line in rpcs where line.closes == nil { halfClose(line.id) }
  }

  mutating func cutPrompts(at now: Duration) {
    let unheard = playout.cut(at: now)
    guard unheard > .zero else { return }
    if settings.keepsAudio { timeline.cut(.agent, at: now) }
    tell(.promptsCut(unheard: unheard))
  }

  mutating func fail(_ reason: CallError.Reason, rpc: Int, at now: Duration) {
    fail(reason, rpcs.first { $0.id == rpc } ?? OpenRPC(id: rpc, purpose: .sessionStart, turn: nil), at: now)
  }

  private mutating func fail(_ reason: CallError.Reason, _ line: OpenRPC, at now: Duration) {
    if let turn = line.turn, turns[turn].result == .open { turns[turn].result = .failed }
    finish(.failed(CallError(reason, during: line.purpose)), at: now)
  }

  mutating func finish(_ outcome: CallOutcome, at now: Duration) {
    self.outcome = outcome
    phase = .finished
    stream = nil
    if settings.keepsAudio {
      timeline.cut(.agent, at: now)
      timeline.cut(.caller, at: now)
    }
    for index in rpcs.indices {
      act(.cancel(rpc: rpcs[index].id))
    }
    tell(.over(outcome))
    act(.finish(outcome))
  }

  private mutating func leave(at now: Duration) {
    guard case .leaving(let outcome, let since) = phase, now >= playout.end else { return }
    if rpcs.isEmpty {
      finish(outcome, at: now)
    } else if now >= max(since, playout.end) + settings.leaveTimeout {
      violate(.notCompletedAtEnd)
      finish(outcome, at: now)
    }
  }
}
