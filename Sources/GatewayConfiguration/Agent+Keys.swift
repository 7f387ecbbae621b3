import BotEngines
import YAMLReading

extension Configuration.Agent: KeyGroup {
  static let idForm = "a word of letters, digits, dots, dashes"

  static var keys: [Key<Self>] {
    Key("id", \.id, .text(64), "A word of letters, digits, dots, dashes; Webex names the agent by it.", required: .yes)
    Key("name", \.name, .text(128), "A name for people.", standard: "the id")
    Key("default", \.isDefault, .flag, "Whether it answers calls that name no agent.", standard: "the first agent")
    Key("tenants", \.tenants, .tenants, "The organizations that may use it; without it, all.")
    Key(
      "responses", \.responses, .choice,
      "`wav` sends one response with complete WAV files, `chunk` raw audio as it comes.")
    Key("engine", \.engine, .engine, "The bot.", required: .example("{kind: demo}"))
    Key("fallback", \.fallback, .group, "The caller's prompt and transfer if the bot fails.", hides: .init())
    Key(
      "filler", \.filler, .group(write: "`filler: {sound: one-moment.wav, after: 1500ms}`"),
      "A sound while the bot thinks; with `responses: chunk` only.")
    Key("speech", \.speech, .group, "The beginning and the end of the caller's turn.")
    Key(
      "eager", \.isEager, .flag,
      "Whether the bot prepares its answer after `speech.eager_silence`, held until the turn is over.",
      standard: "true for `demo` and `scripted`, else false")
    Key(part: "audio", "The caller's audio, if the platform does not state its format.") {
      Key("default_encoding", \.defaultFormat.encoding, .choice([.mulaw, .alaw, .linear16]), "The encoding.")
      Key("default_rate", \.defaultFormat.sampleRate, .oneOf(8_000, 16_000, 24_000, 48_000), "Samples a second.")
    }
    Key("recorded", \.isRecorded, .flag, "Whether its calls are recorded.", standard: "as the tenant's are")
  }

  mutating func check(_ section: Section) {
    if name.isEmpty { name = id }
    if case .byova(var bot) = engine {
      bot.endSilence = speech.endSilence.wholeMilliseconds
      engine = .byova(bot)
    }
    if case .realtime(var bot) = engine {
      bot.isEager = isEager == true
      bot.endsTurns = speech.botEndsTurn
      engine = .realtime(bot)
    }
    if filler != nil, responses == .wav {
      section.report(
        "filler", "with `responses: wav` an answer is one response: no filler can go before it",
        "write `responses: chunk`, or leave `filler` out")
    }
    if speech.bargeIn == .pause, responses == .wav {
      section.report(
        "speech", "with `responses: wav` a prompt is sent whole: it cannot be paused",
        "write `responses: chunk`, or `barge_in: stop`")
    }
    if isEager == true, engine.eagerEnds == .never {
      section.report(
        "eager", "an engine of the kind `\(engine.kind)` cannot be told that a turn may be over", "remove `eager: true`"
      )
    }
    if speech.botEndsTurn, let why = engine.whyItEndsNoTurn {
      section.report("speech", "`bot_ends_turn` is not for the kind `\(engine.kind)`: \(why.problem)", why.remedy)
    } else if speech.botEndsTurn, isEager == true {
      section.report(
        "eager", "`eager: true` holds the bot's words until the turn is over, and with `bot_ends_turn` they end it",
        "remove one of the two")
    }
    guard !id.isEmpty else { return }
    if !Self.isID(id) {
      section.report("id", "`\(id.quotedForMessage)` cannot be an agent's id", "write \(Self.idForm)")
    } else if id.utf8.allSatisfy({ (48...57).contains($0) }) {
      section.report(
        "id", "the id `\(id)` would be taken for the agent's place in the list", "write an id with a letter in it")
    }
  }

  static func isID(_ text: String) -> Bool { text.isWord(with: "-._") }
}

extension Form where Value == [String] {
  /// Organizations, given as such or by a tenant's name.
  static var tenants: Self {
    texts(10_000, "an organization's UUID or a tenant's name") { section, text, place in
      let known = section.reading.tenants
      if let tenant = known.first(where: { $0.organization == text.lowercased() || $0.name == text }) {
        return tenant.organization
      }
      let nearest = section.reading.suggestion(for: text, among: known.flatMap { [$0.organization, $0.name] })
      section.report(
        place, "`\(text.quotedForMessage)` is none of the tenants in `identity.tenants`",
        nearest.map { "did you mean \($0)?" } ?? "write a tenant's `org` or `name`")
      return nil
    }
  }
}

extension Configuration.Agent.Speech: KeyGroup {
  static var keys: [Key<Self>] {
    Key("minimum_speech", \.minimumSpeech, .duration(10.ms...2.s), "Sound shorter than this is not speech.")
    Key("minimum_barge_in", \.minimumBargeIn, .duration(10.ms...5.s), "The same while an interruptible prompt plays.")
    Key(
      "barge_in", \.bargeIn, .choice,
      "Speech over a prompt ends it (`stop`), or pauses it until it is more than a word (`pause`; `responses: chunk`).")
    Key(
      "pause_ahead", \.pauseAhead, .duration(200.ms...2.s),
      "With `pause`: how much of a prompt may be sent ahead of what is heard.")
    Key("pause_limit", \.pauseLimit, .duration(200.ms...1.s), "With `pause`: speech of this length ends the prompt.")
    Key(
      "echo", \.echo, .choice,
      "The echo of a prompt is taken out of what is heard (`subtract`), or the line is heard as it is (`ignore`).")
    Key("end_silence", \.endSilence, .duration(100.ms...10.s), "The silence that ends the turn.")
    Key(
      "adaptive", \.adaptive, .group(write: "`adaptive: {minimum: 250ms, maximum: 1500ms}`"),
      "Lets that silence follow what the bot expects, what was said and the caller's own pauses.")
    Key(
      "eager_silence", \.eagerSilence, .duration(100.ms...10.s),
      "The silence after which the turn may be over; no effect unless shorter than `end_silence`.")
    Key(
      "bot_ends_turn", \.botEndsTurn, .flag,
      "Whether the bot's first words end the turn: for bots that find its end themselves, before `end_silence` does.")
    Key("preroll", \.preroll, .duration(0.s...2.s), "The audio before the start of speech that goes to the bot.")
    Key("maximum_utterance", \.maximumUtterance, .duration(1.s...10.min), "The longest turn.")
  }

  mutating func check(_ section: Section) {
    guard let adaptive else { return }
    if adaptive.minimum > adaptive.maximum {
      section.report(
        "adaptive", "`minimum` is longer than `maximum`", "write `adaptive: {minimum: 250ms, maximum: 1500ms}`")
    } else if !(adaptive.minimum...adaptive.maximum).contains(endSilence) {
      section.report(
        "adaptive", "`end_silence` is not between `minimum` and `maximum`",
        "write bounds around it: it is the silence where nothing is known")
    }
  }
}

extension Configuration.Agent.Speech.Adaptive: KeyGroup {
  static var keys: [Key<Self>] {
    Key("minimum", \.minimum, .duration(100.ms...10.s), "The shortest silence that ends a turn.")
    Key("maximum", \.maximum, .duration(100.ms...10.s), "The longest silence that is waited for.")
    Key(
      "judge", \.judge, .file,
      "The path of a learned judge of whether a turn is over, as `Scripts/speech/judge.py` makes one; without, none.")
  }
}
