import BotEngine

/// One call through a dialogue: an event in, the commands that answer it out.
struct DialogueRun: AnsweringConversation {
  let dialogue: Dialogue
  var index: Int
  /// In a row: silences in this state, silences in the call, failures in this state.
  var silences = 0
  var allSilences = 0
  var failures = 0
  /// Entries that go with a transfer, by the names that the script gives them.
  var entries: [String: BotValue] = [:]
  /// The last command, once there is one.
  private var farewell: BotCommand?
  /// The answer being put together.
  private var commands: [BotCommand] = []

  init(_ dialogue: Dialogue) {
    self.dialogue = dialogue
    index = dialogue.start
  }

  var state: Dialogue.State { dialogue.states[index] }

  /// What to do about an event.
  mutating func answer(to event: CallerEvent) -> [BotCommand] {
    guard event.expectsAnswer else { return [] }
    // Whatever comes after the farewell, the call has only that left.
    if let farewell { return [farewell] }
    commands = []
    receive(event)
    defer { commands = [] }
    return commands
  }

  private mutating func receive(_ event: CallerEvent) {
    if !event.isSilence {
      silences = 0
      allSilences = 0
    }
    switch event {
    case .started:
      entries = [:]
      perform(Dialogue.Action(step: .goto(dialogue.start)), isNew: true)
    case .speechEnded:
      note("(spoke)")
      if let action = state.speech { succeed(action) } else { listen() }
    case .custom(let name, _):
      if let action = state.events[name] ?? state.otherEvents { succeed(action) } else { listen() }
    case .digits(let keys) where !keys.isEmpty: enter(keys)
    default: takeSilence()
    }
  }

  private mutating func enter(_ keys: String) {
    note(keys.count == 1 ? "(pressed a key)" : "(pressed \(keys.count) keys)")
    guard let match = state.digits.first(where: { $0.pattern.matches(keys) }) else {
      return fail(state.otherDigits)
    }
    if let name = state.digitsName, !state.isSensitive { entries[name] = .string(keys) }
    succeed(match.action)
  }

  private mutating func succeed(_ action: Dialogue.Action) {
    failures = 0
    perform(action)
  }

  private mutating func takeSilence() {
    silences += 1
    allSilences += 1
    if allSilences >= Dialogue.maximumSilences {
      return perform(Dialogue.Action(step: .transfer(summary: nil, metadata: [:])))
    }
    fail(state.silences.isEmpty ? nil : state.silences[min(silences, state.silences.count) - 1])
  }

  /// An answer that leads nowhere: the action for it, or the state once more; until the attempts are used up.
  private mutating func fail(_ action: Dialogue.Action?) {
    failures += 1
    if failures >= state.maximumAttempts { return perform(state.afterAttempts) }
    perform(action ?? Dialogue.Action(step: .goto(index)))
  }

  /// Says and goes; a chain of states that do not listen is followed to its end, which reading has made sure of.
  private mutating func perform(_ first: Dialogue.Action, isNew: Bool = false) {
    var action = first
    var isNew = isNew
    while true {
      switch action.step {
      case .goto(let next):
        say(action.say, bargeIn: dialogue.states[next].bargeIn)
        if next != index || isNew { silences = 0; failures = 0 }
        isNew = false
        index = next
        say(state.say, bargeIn: state.bargeIn)
        guard let then = state.then else { return listen() }
        action = then
      case .stay:
        say(action.say, bargeIn: state.bargeIn)
        return listen()
      case .transfer(let summary, let metadata):
        say(action.say, bargeIn: state.bargeIn)
        return leave(.transfer(summary: summary, metadata: metadata.merging(entries) { script, _ in script }))
      case .end:
        say(action.say, bargeIn: state.bargeIn)
        return leave(.end)
      }
    }
  }

  private mutating func say(_ prompts: [Dialogue.Prompt], bargeIn: Bool) {
    for prompt in prompts {
      switch prompt {
      case .audio(let audio, let words):
        if let words { commands.append(.transcript(speaker: .agent, text: words)) }
        commands.append(.audio(BotAudio(.mulaw(audio), bargeIn: bargeIn)))
      case .text(let text):
        commands.append(.transcript(speaker: .agent, text: text))
        commands.append(.text(text, bargeIn: bargeIn))
      }
    }
  }

  /// A line for what the caller did, without what it was; none at all where that is sensitive.
  private mutating func note(_ text: String) {
    if !state.isSensitive { commands.append(.transcript(speaker: .caller, text: text)) }
  }

  // Said with every answer: an answer that the caller interrupts may be lost with all that it set.
  private mutating func listen() {
    commands.append(.sensitive(state.isSensitive))
    commands.append(.keep(kept))
    commands.append(.endTurn(state.listening))
  }

  /// The last answer of the call; nothing of it can be interrupted, from whichever state it comes.
  private mutating func leave(_ command: BotCommand) {
    commands = commands.map(\.uninterruptible)
    commands.append(.sensitive(false))
    commands.append(command)
    farewell = command
  }
}

extension BotCommand {
  /// The same, where it is audio or text so that the caller cannot interrupt it.
  fileprivate var uninterruptible: BotCommand {
    switch self {
    case .audio(let audio): .audio(BotAudio(audio.content, bargeIn: false))
    case .text(let text, _, _): .text(text, bargeIn: false)
    default: self
    }
  }
}
