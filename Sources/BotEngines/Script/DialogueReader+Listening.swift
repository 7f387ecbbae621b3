import BotEngine
import YAMLReading

/// How a state listens, as far as it is said so far.
struct Listening {
  var settings = BotInputSettings()
  var bargeIn = true
  /// Whether the mode is named.
  var isModeGiven = false
}

extension DialogueReader {
  private static let modes: [(name: String, mode: BotInputSettings.Mode)] = [
    ("voice", .voice), ("digits", .digits), ("both", .voiceAndDigits),
  ]

  private static let expectations = "yes_no, digits, address or free"

  /// A `listen`, over its defaults. The mode is a state's own: it follows from what the state answers.
  func listening(_ node: YAMLNode, of name: String, defaults: Listening, isState: Bool = true) -> Listening {
    let group = YAMLGroup(
      node, name: "`listen` of \(name)", write: "keys beneath it, as in `listen: {length: 4, terminator: \"#\"}`",
      reading: reading)
    var listening = defaults
    if isState, let (text, place) = group.text("mode", maximum: 16, write: "voice, digits or both") {
      if let mode = Self.modes.first(where: { $0.name == text })?.mode {
        listening.settings.mode = mode
        listening.isModeGiven = true
      } else {
        reading.report(
          place, "`mode` of \(group.name) cannot be `\(text.quotedForMessage)`", "write voice, digits or both")
      }
    }
    if let (text, place) = group.text("expects", maximum: 16, write: Self.expectations) {
      listening.settings.expects = BotExpectation(rawValue: text)
      if listening.settings.expects == nil {
        reading.report(
          place, "`expects` of \(group.name) cannot be `\(text.quotedForMessage)`", "write \(Self.expectations)")
      }
    }
    if let length = group.integer("length", in: 1...DigitPattern.maximumLength) {
      listening.settings.digitCount = length
    }
    if let (text, place) = group.text("terminator", maximum: 16, write: "a key, as in \"#\"") {
      let key = text.uppercased()
      if key.count == 1, let character = key.first, "0123456789*#ABCD".contains(character) {
        listening.settings.terminator = character
      } else {
        reading.report(
          place, "`terminator` of \(group.name) cannot be `\(text.quotedForMessage)`",
          "write one key, 0-9, A-D, * or #, in quotes")
      }
    }
    let times: [(key: String, path: WritableKeyPath<BotInputSettings, Int?>, range: ClosedRange<Int>)] = [
      ("inter_digit_timeout", \.interDigitTimeout, 100...60_000),
      ("no_input_timeout", \.noInputTimeout, 1000...300_000),
      ("end_silence", \.endSilence, 100...10_000), ("maximum_speech", \.maximumSpeech, 1000...600_000),
    ]
    for time in times {
      if let value = group.milliseconds(time.key, in: time.range) { listening.settings[keyPath: time.path] = value }
    }
    if let bargeIn = group.flag("barge_in") { listening.bargeIn = bargeIn }
    group.finish()
    return listening
  }
}

extension Listening {
  /// Chooses the mode by what the state answers where none is named, and reports one that does not fit.
  mutating func settle(in group: YAMLGroup) {
    let takesDigits = group.has("digits")
    let takesSpeech = group.has("speech")
    guard isModeGiven else {
      if takesDigits || takesSpeech {
        settings.mode = takesDigits ? (takesSpeech ? .voiceAndDigits : .digits) : .voice
      }
      return
    }
    guard takesDigits || takesSpeech else { return }
    let place = group.place(of: "listen")
    if settings.mode != .digits, !takesSpeech {
      group.reading.report(
        place, "\(group.name) listens for speech and has no `speech`", "write where speech leads, or mode: digits")
    }
    if settings.mode != .voice, !takesDigits {
      group.reading.report(
        place, "\(group.name) listens for digits and has no `digits`", "write where digits lead, or mode: voice")
    }
  }
}
