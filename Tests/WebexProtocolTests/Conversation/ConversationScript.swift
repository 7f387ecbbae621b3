import BotEngine
import WebexProtocol

/// What the caller, the detector, the bot or time does in a scripted conversation.
enum Move {
  case caller(CallerInput, on: Int)
  case halfClose(Int)
  case lose(Int)
  /// The greeting's RPC is over, with or without the client having all of it.
  case settle(Int, delivered: Bool)
  case speechStarts
  case speechEnds
  /// The detector hears what may be speech, or that it was none.
  case speechMayHaveBegun
  case speechWasNothing
  /// The caller is silent for a short while, or goes on after that.
  case speechPauses
  case speechResumes
  /// The bot says something; it has heard everything unless a turn is given.
  case bot(BotCommand)
  /// The bot's part is over.
  case botLeaves(inOrder: Bool)
  case lateBot(BotCommand, turnsBehind: Int)
  case wait(Duration)
  /// The drain's time is over; `nil` waits for nobody.
  case shutDown(grace: Duration?)
}

/// Plays moves against the machine and writes down what it does, one short phrase an action.
struct ConversationScript {
  var machine: ConversationStateMachine
  var now = Duration.zero

  init(_ mode: ResponseMode = .wav, change: (inout ConversationStateMachine.Settings) -> Void = { _ in }) {
    var settings = ConversationStateMachine.Settings(mode: mode)
    change(&settings)
    machine = ConversationStateMachine(settings: settings, now: .zero)
  }

  @discardableResult
  mutating func play(_ moves: Move...) -> [String] {
    moves.flatMap { carriedOut(actions(of: $0)).map(Self.phrase) }
  }

  /// What an owner does with actions: what is released is carried out in its place.
  mutating func carriedOut(_ actions: [ConversationAction]) -> [ConversationAction] {
    actions.flatMap { action -> [ConversationAction] in
      guard case .release(let turn) = action else { return [action] }
      let (commands, departure) = machine.takeReleased()
      var released = commands.flatMap { machine.bot($0, turn: turn, now: now) }
      if let departure { released += machine.botLeft(isInOrder: departure, now: now) }
      return released
    }
  }

  private mutating func actions(of move: Move) -> [ConversationAction] {
    switch move {
    case .caller(let input, let rpc): machine.received(input, on: RPCID(UInt64(rpc)), now: now)
    case .halfClose(let rpc): machine.halfClosed(RPCID(UInt64(rpc)), speechOffset: 0, now: now)
    case .lose(let rpc): machine.lost(RPCID(UInt64(rpc)), now: now)
    case .settle(let rpc, let isDelivered):
      machine.greetingSettled(RPCID(UInt64(rpc)), isDelivered: isDelivered, now: now)
    case .speechStarts: machine.speechStarted(offset: 0, now: now)
    case .speechMayHaveBegun: machine.speechMayHaveBegun(now: now)
    case .speechWasNothing: machine.speechWasNothing(now: now)
    case .speechEnds: machine.speechEnded(offset: 0, now: now)
    case .speechPauses: machine.speechPaused(offset: 0, now: now)
    case .speechResumes: machine.speechResumed(now: now)
    case .bot(let command): machine.bot(command, turn: machine.turn, now: now)
    case .botLeaves(let isInOrder): machine.botLeft(isInOrder: isInOrder, now: now)
    case .lateBot(let command, let behind): machine.bot(command, turn: machine.turn - behind, now: now)
    case .wait(let time): pass(time)
    case .shutDown(let grace): machine.shutDown(grace: grace, now: now)
    }
  }

  /// Lets time pass as the owner does: a tick at each deadline on the way.
  private mutating func pass(_ time: Duration) -> [ConversationAction] {
    let end = now + time
    var actions: [ConversationAction] = []
    var ticks = 0
    while let deadline = machine.nextDeadline, deadline <= end {
      ticks += 1
      precondition(ticks < 1000, "the machine asks for ticks without end")
      now = max(now, deadline)
      actions += machine.tick(now: now)
    }
    now = end
    return actions
  }

  static func phrase(_ action: ConversationAction) -> String {
    switch action {
    case .send(let rpc, let response): "\(rpc) \(phrase(response))"
    case .fill(let rpc, let response, let begins):
      "\(rpc) filler\(begins.map { " (\($0))" } ?? "") \(phrase(response))"
    case .paused: "paused"
    case .unpaused(let end): "\(end)"
    case .finish(let rpc, let completion): "\(rpc) \(completion)"
    case .tell(let event, _): "bot \(phrase(event))"
    case .tellTurn(.mayBeOver, _): "bot may be over"
    case .tellTurn(.resumed, _): "bot resumed"
    case .tellTurn(.over, _): "bot over"
    case .release: "release"
    case .resetDetector: "reset"
    case .close(let end): "close \(end)"
    }
  }

  static func phrase(_ event: CallerEvent) -> String {
    switch event {
    case .started: "started"
    case .audio: "audio"
    case .speechStarted: "speech"
    case .speechEnded: "silence"
    case .digits(let digits): "digits \(digits)"
    case .noInput: "no-input"
    case .custom(let name, _): "event \(name)"
    case .interrupted(let milliseconds, let characters):
      "interrupted at \(milliseconds)" + (characters.map { " after \($0) characters" } ?? "")
    case .mark(let name, let played): played ? "played \(name)" : "dropped \(name)"
    case .ended(let end): "ended \(end)"
    }
  }

  static func phrase(_ response: VoiceResponse) -> String {
    var words = ["\(response.kind)"]
    words += response.events.map { "\($0.kind)" + ($0.name.map { ":\($0)" } ?? "") }
    for prompt in response.prompts {
      let what = prompt.text.map { "\"\($0)\"" } ?? "\(prompt.audio?.count ?? -1)B"
      words.append(what + (prompt.isBargeInEnabled ? "" : "!"))
    }
    if let mode = response.inputMode { words.append("→\(mode)") }
    if response.isInputSensitive { words.append("sensitive") }
    if response.isPromptCancellationDisabled { words.append("uncancelled") }
    return words.joined(separator: " ")
  }
}

extension BotCommand {
  static func speech(_ bytes: Int, bargeIn: Bool = true, disablesPromptCancellation: Bool = false) -> BotCommand {
    .audio(
      BotAudio(
        .mulaw([UInt8](repeating: 0x55, count: bytes)), bargeIn: bargeIn,
        disablesPromptCancellation: disablesPromptCancellation))
  }
}
