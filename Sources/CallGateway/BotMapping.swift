import BotEngine
import WebexProtocol

// The only place where the bot's terms and the wire's meet.

extension BotValue {
  init(_ value: StructValue) {
    switch value {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .number(let number): self = .number(number)
    case .string(let string): self = .string(string)
    case .list(let list): self = .list(list.map(BotValue.init))
    case .object(let object): self = .object(object.mapValues(BotValue.init))
    }
  }
}

extension StructValue {
  init(_ value: BotValue) {
    switch value {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .number(let number): self = .number(number)
    case .string(let string): self = .string(string)
    case .list(let list): self = .list(list.map(StructValue.init))
    case .object(let object): self = .object(object.mapValues(StructValue.init))
    }
  }
}

extension CallerEvent {
  init(_ event: ConversationEvent) {
    switch event {
    case .started: self = .started
    case .speechStarted(let offset): self = .speechStarted(offset: offset)
    case .speechEnded(let offset): self = .speechEnded(offset: offset)
    case .digits(let digits): self = .digits(digits)
    case .noInput: self = .noInput
    case .custom(let name, let parameters): self = .custom(name: name, parameters: parameters.mapValues(BotValue.init))
    case .interrupted(let milliseconds): self = .interrupted(playedMilliseconds: milliseconds)
    case .mark(let name, let played): self = .mark(name, played: played)
    case .ended(let end): self = .ended(CallEnd(end))
    }
  }
}

extension CallEnd {
  init(_ end: ConversationEnd) {
    switch end {
    case .hangup: self = .hangup
    case .ended: self = .ended
    case .transferred: self = .transferred
    // To the bot it is the same: nothing came any more.
    case .idle, .lost: self = .idle
    case .tooLong: self = .tooLong
    case .shutdown: self = .shutdown
    case .botFailed: self = .botFailed
    }
  }
}

extension CallInfo {
  /// What the flow designer hands over with the start of the call, as far as there is room for it.
  mutating func take(_ start: VoiceRequestView.EventInput) {
    startName = start.name.nonEmptyString
    startParameters = start.parameters.mapValues(BotValue.init)
  }
}

extension LeftOutValues {
  /// The parameter by which a bot is told that an event is not whole.
  static let parameter = "patchbay_left_out"

  /// The names, as a parameter's value.
  var value: StructValue { .list(names.map { .string($0) }) }
}

extension TurnSettings {
  /// The bot's wishes, with the defaults of the agent where it has none.
  init(_ settings: BotInputSettings, defaults: TurnSettings) {
    self = defaults
    switch settings.mode {
    case .voice: mode = .voice
    case .digits: mode = .dtmf
    case .voiceAndDigits: mode = .voiceAndDTMF
    }
    var dtmf = defaults.handling.dtmf ?? InputHandling.DTMF()
    if let count = settings.digitCount { dtmf.length = Self.wire(count, most: 128) }
    if let key = settings.terminator.flatMap({ DTMFKey($0) }) { dtmf.terminator = key }
    if let timeout = settings.interDigitTimeout { dtmf.interDigitTimeout = Self.wire(timeout) }
    handling.dtmf = dtmf
    var timers = defaults.handling.speechTimers ?? InputHandling.SpeechTimers()
    if let timeout = settings.noInputTimeout { timers.noInput = Self.wire(timeout) }
    if let silence = settings.endSilence { timers.complete = Self.wire(silence) }
    if let maximum = settings.maximumSpeech { timers.maximumSpeech = Self.wire(maximum) }
    handling.speechTimers = timers
    endSilence = settings.endSilence ?? defaults.endSilence
    maximumSpeech = settings.maximumSpeech ?? defaults.maximumSpeech
  }

  /// A bot's number, held within what the wire can say and a call can use (an hour in milliseconds).
  private static func wire(_ value: Int, most: Int = 3_600_000) -> Int32 { Int32(min(max(value, 0), most)) }
}
