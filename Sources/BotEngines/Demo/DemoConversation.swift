import BotEngine

/// One call of the demo engine: an event in, the commands that answer it out.
struct DemoConversation: AnsweringConversation {
  /// No-inputs in a row after which the caller is transferred.
  static let maximumNoInputs = 3

  /// Keys of one entry that are read back one by one.
  static let maximumKeysRead = 24

  private let voice: DemoVoice
  private var words = CallerWords()
  private var spokenTurns = 0
  private var entries = 0
  private var noInputs = 0
  /// The last command, once there is one.
  private var farewell: BotCommand?

  init(voice: DemoVoice) { self.voice = voice }

  /// What to do about an event.
  mutating func answer(to event: CallerEvent) -> [BotCommand] {
    switch event {
    case .audio(let stretch):
      words.append(stretch)
      return []
    case .speechStarted, .interrupted, .mark, .ended:
      return []
    case .started, .speechEnded, .digits, .noInput, .custom:
      let heard = words.handOver()
      // Whatever comes after the farewell, the call has only that left.
      if let farewell { return [farewell] }
      let commands = answer(to: event, heard: heard)
      farewell = commands.last.flatMap { $0.isFarewell ? $0 : nil }
      return commands
    }
  }

  private mutating func answer(to event: CallerEvent, heard: [UInt8]) -> [BotCommand] {
    if event.isSilence { return reprompt() }
    noInputs = 0
    switch event {
    case .started: return say(.greeting) + [.endTurn(nil)]
    case .speechEnded where !heard.isEmpty: return sayBack(heard)
    case .digits("0"): return transfer("The caller asked for a person.")
    case .digits("9"): return say(.goodBye, bargeIn: false) + [.end]
    case .digits(let keys): return readBack(keys)
    case .custom(let name, _):
      return [.customEvent(name: name, metadata: ["acknowledged": .bool(true)])] + say(.eventReceived) + [.endTurn(nil)]
    default: return say(.stillThere) + [.endTurn(nil)]
    }
  }

  private mutating func sayBack(_ heard: [UInt8]) -> [BotCommand] {
    spokenTurns += 1
    let tenths = (heard.count + 400) / 800
    return [.transcript(speaker: .caller, text: "(spoke for \(tenths / 10).\(tenths % 10) seconds)")]
      + say(.youSaid) + [.audio(BotAudio(.mulaw(heard)))] + say(.anythingElse) + [.endTurn(nil)]
  }

  private mutating func readBack(_ keys: String) -> [BotCommand] {
    entries += 1
    var audio = voice.audio(.youPressed)
    for key in keys.prefix(Self.maximumKeysRead) {
      if let prompt = DemoPrompt(key: key) { audio += voice.audio(prompt) }
    }
    if keys.count > Self.maximumKeysRead { audio += voice.audio(.moreKeys) }
    return [
      .transcript(speaker: .caller, text: keys.count == 1 ? "(pressed a key)" : "(pressed \(keys.count) keys)"),
      .transcript(speaker: .agent, text: "(read the keys back)"), .audio(BotAudio(.mulaw(audio))),
    ] + say(.anythingElse) + [.endTurn(nil)]
  }

  private mutating func reprompt() -> [BotCommand] {
    noInputs += 1
    guard noInputs < Self.maximumNoInputs else {
      return transfer("The caller did not answer \(Self.maximumNoInputs) times in a row.")
    }
    return say(.stillThere) + [.endTurn(nil)]
  }

  private func transfer(_ reason: String) -> [BotCommand] {
    let summary = "\(reason) Before that, spoken turns: \(spokenTurns), keyed entries: \(entries)."
    let metadata: [String: BotValue] = [
      "spoken_turns": .number(Double(spokenTurns)), "keyed_entries": .number(Double(entries)),
    ]
    return say(.transfer, bargeIn: false) + [.transfer(summary: summary, metadata: metadata)]
  }

  private func say(_ prompt: DemoPrompt, bargeIn: Bool = true) -> [BotCommand] {
    [
      .transcript(speaker: .agent, text: voice.words(prompt)),
      .audio(BotAudio(.mulaw(voice.audio(prompt)), bargeIn: bargeIn)),
    ]
  }
}

extension BotCommand {
  /// Whether nothing can follow it.
  var isFarewell: Bool {
    switch self {
    case .transfer, .end: true
    default: false
    }
  }
}
