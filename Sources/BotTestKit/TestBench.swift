import AudioCodecs
import BotEngine
import BotEngines
import CallGateway
import Logging
import ReplayKit
import WebexProtocol

/// Where checks place their calls.
struct TestBench: Sendable {
  let plan: BotTestPlan
  let wire: BotWire
  private let engine: TestedEngine
  private let server: TestServer
  private let words: SpokenClip

  /// A call that is not over by then is hung up.
  private static let longestCall = Duration.seconds(90)

  init(_ agent: Agent, plan: BotTestPlan, wire: BotWire, log: Logger) throws {
    self.plan = plan
    self.wire = wire
    engine = TestedEngine(agent.engine)
    var agent = agent
    agent.engine = engine
    agent.organizations = nil
    // The platform waits for ten seconds; where the bot does not mind, nobody has to.
    var timers = agent.conversation.turn.handling.speechTimers ?? InputHandling.SpeechTimers()
    timers.noInput = 3_000
    agent.conversation.turn.handling.speechTimers = timers
    words = try SpokenClip(
      name: "words", wav: plan.words ?? WAVFile(format: .telephone, audio: CallerVoice.sentence()), format: .telephone)
    server = try TestServer(agent, organization: plan.organization, log: log)
  }

  func shutdown() async { await server.shutdown() }

  /// What a caller does in one call, and what it takes for that.
  struct Script {
    var steps: [CallStep] = []
    var clips: [SpokenClip] = []
    /// Speak or press so long after a prompt began, instead of after its end.
    var bargeIn: Duration?
    /// Hang up so long after the first prompt began.
    var hangUp: Duration?

    mutating func append(_ cue: BotTestCue) throws(AudioError) {
      for step in cue.steps {
        switch step {
        case .keys(let keys): steps.append(.press(keys))
        case .event(let name): steps.append(.custom(name: name, parameters: [:]))
        case .speech(let name, let wav):
          steps.append(.speak(clip: clips.count))
          clips.append(try SpokenClip(name: name, wav: wav, format: .telephone))
        }
      }
    }
  }

  /// A script that begins with a cue.
  func script(_ cue: BotTestCue? = nil) throws -> Script {
    var script = Script(clips: [words])
    if let cue { try script.append(cue) }
    return script
  }

  /// Holds a call to its end, and hangs up when the last step has been answered: the answer need not be heard out. With `awaitsBot`, returns when the bot has ended its part too, or has been cancelled for
  /// not doing so.
  func call(_ script: Script, awaitsBot: Bool = false) async throws -> TestCall {
    let conversation = RandomID.make()
    var settings = CallerSettings(conversation: conversation, organization: plan.organization)
    settings.bargeIn = script.bargeIn
    settings.patience = .seconds(15)
    // The call's own zero, on the clock of the bot's doings: no event is told before it happened.
    var began = ContinuousClock.now + Self.longestCall
    let placed = try PlacedCall(
      Caller(steps: script.steps, clips: script.clips, settings: settings), over: server.route,
      loop: server.callers.nextLoop())
    let limit = Task {
      try await Task.sleep(for: Self.longestCall)
      placed.hangUp()
    }
    defer { limit.cancel() }
    var stepsBegun = 0
    var events: [(CallEvent, Duration)] = []
    var end: (caller: Caller, outcome: CallOutcome)?
    for await news in placed.news {
      switch news {
      case .event(let event, let time):
        events.append((event, time))
        began = min(began, .now - time)
        if event.beginsStep { stepsBegun += 1 }
        switch event {
        case .promptBegins:
          guard let hangUp = script.hangUp else { break }
          Task {
            try await Task.sleep(for: hangUp)
            placed.hangUp()
          }
        case .answer:
          // Where the caller interrupts, the answer may be that of the interrupted turn.
          if script.bargeIn == nil, stepsBegun == script.steps.count { placed.hangUp() }
        default: break
        }
      case .over(let caller, let outcome): end = (caller, outcome)
      case .levels: break
      }
    }
    guard let end else { throw CancellationError() }
    if awaitsBot {
      let deadline = ContinuousClock.now + .seconds(8)
      while engine.doings(in: conversation).end == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return TestCall(
      caller: end.caller, outcome: end.outcome, events: events, doings: engine.doings(in: conversation), began: began)
  }
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
