import AudioCodecs
import BotEngine
import Testing

@testable import BotEngines

@Suite("The scripted engine", .timeLimit(.minutes(1)))
struct ScriptedEngineTests {
  private let folder: ScriptFolder

  init() throws { folder = try ScriptFolder() }

  @Test("begins in the start state and says its prompts in order, sounds converted to mu-law at 8,000 Hz")
  func greeting() async throws {
    let formats: [AudioFormat] = [
      .telephone, .init(encoding: .alaw, sampleRate: 8000), .init(encoding: .linear16, sampleRate: 16_000),
      .init(encoding: .linear16, sampleRate: 24_000), .init(encoding: .linear16, sampleRate: 48_000),
    ]
    var expected: [UInt8] = []
    var say: [String] = []
    for (index, format) in formats.enumerated() {
      let audio = try folder.writeSound("\(index).wav", milliseconds: 200, format: format)
      #expect(audio.count == 1600)
      expected += audio
      say.append("{play: \(index).wav, transcript: Sound \(index)}")
    }
    let caller = ScriptedCaller(
      try folder.engine(
        """
        start: b
        states:
          a: {speech: b}
          b: {say: [\(say.joined(separator: ", ")), {text: "Say something."}], speech: a}
        """))
    let answer = await caller.does(.started)
    #expect(answer.audio == expected)
    #expect(answer.texts == ["Say something."])
    #expect(answer.bargeIn.allSatisfy { $0 })
    #expect(answer.endsTurn)
    #expect(answer.transcript == (0..<5).map { "agent: Sound \($0)" } + ["agent: Say something."])
    try await caller.hangsUp()
  }

  @Test(
    "follows digits: exact entries first, then patterns in order, then the default",
    arguments: [
      ("1", "one"), ("3", "some"), ("7", "any"), ("12", "twelve"), ("19", "pair"), ("#", "any"), ("123", "other"),
    ])
  func digits(keys: String, state: String) async throws {
    let names = ["one", "some", "any", "twelve", "pair", "other"]
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          menu:
            say: {text: menu}
            digits: {"?": any, "[2-4]": some, "1": one, "1?": pair, "12": twelve, default: other}
        \(names.map { "  \($0): {say: {text: \($0)}, speech: menu}" }.joined(separator: "\n"))
        """))
    _ = await caller.does(.started)
    // "?" comes before "[2-4]" here, as it does in the script.
    #expect(await caller.does(.digits(keys)).texts == [state == "some" ? "any" : state])
    try await caller.hangsUp()
  }

  @Test("goes on by speech, says the action's prompt before the next state's, and follows `then` at once")
  func speech() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a: {say: {text: a}, speech: {say: {text: to b}, goto: b}}
          b: {say: {text: b}, then: {say: {text: to c}, goto: c}}
          c: {say: {text: c}, speech: a, listen: {barge_in: false}}
        """))
    _ = await caller.does(.started)
    let answer = await caller.does(.speechStarted(offset: 1), .speechEnded(offset: 2))
    #expect(answer.texts == ["to b", "b", "to c", "c"])
    #expect(answer.bargeIn == [true, true, false, false])
    #expect(answer.transcript.first == "caller: (spoke)")
    #expect(await caller.does(.speechEnded(offset: 4)).texts == ["a"])
    try await caller.hangsUp()
  }

  @Test("sends each state's way of listening with its turn, the script's where the state says nothing")
  func listening() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        listen: {no_input_timeout: 8s, inter_digit_timeout: 2s}
        states:
          a: {speech: b}
          b:
            listen: {length: 4, terminator: "#", inter_digit_timeout: 1500ms, end_silence: 1s, maximum_speech: 1m}
            digits: {"????": c}
          c: {digits: {"1": a}, speech: a, listen: {expects: yes_no}}
        """))
    #expect(
      await caller.does(.started).settings
        == BotInputSettings(mode: .voice, interDigitTimeout: 2000, noInputTimeout: 8000))
    #expect(
      await caller.does(.speechEnded(offset: 1)).settings
        == BotInputSettings(
          mode: .digits, digitCount: 4, terminator: "#", interDigitTimeout: 1500, noInputTimeout: 8000,
          endSilence: 1000, maximumSpeech: 60_000))
    #expect(
      await caller.does(.digits("1234")).settings
        == BotInputSettings(
          mode: .voiceAndDigits, interDigitTimeout: 2000, noInputTimeout: 8000, expects: .yesNo))
    try await caller.hangsUp()
  }

  @Test("counts silences in a row: the first, the second, then the last of the list; any other answer begins anew")
  func noInput() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a:
            say: {text: a}
            digits: {"1": {say: {text: again}, stay: true}}
            no_input: [{say: {text: first}, stay: true}, {say: {text: second}, goto: a}, {say: {text: more}, stay: true}]
        """))
    _ = await caller.does(.started)
    #expect(await caller.does(.noInput).texts == ["first"])
    #expect(await caller.does(.digits("")).texts == ["second", "a"])
    #expect(await caller.does(.noInput).texts == ["more"])
    #expect(await caller.does(.noInput).texts == ["more"])
    #expect(await caller.does(.digits("1")).texts == ["again"])
    #expect(await caller.does(.noInput).texts == ["first"])
    try await caller.hangsUp()
  }

  @Test("lets a caller fail as often as the state says, in a row, and then takes its way out")
  func attempts() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a:
            say: {text: a}
            digits: {"1": {stay: true}, default: {say: {text: wrong}, stay: true}}
            attempts: {maximum: 3, then: {say: {text: help}, transfer: {summary: "Lost in the menu"}}}
        """))
    _ = await caller.does(.started)
    #expect(await caller.does(.digits("5")).texts == ["wrong"])
    #expect(await caller.does(.noInput).texts == ["a"])
    _ = await caller.does(.digits("1"))
    #expect(await caller.does(.digits("5")).texts == ["wrong"])
    #expect(await caller.does(.digits("55")).texts == ["wrong"])
    let last = await caller.does(.noInput)
    #expect(last.texts == ["help"])
    #expect(last.transfer?.summary == "Lost in the menu")
    try await caller.hangsUp()
  }

  @Test("transfers a caller who never answers, although the script goes round for ever")
  func silenceForEver() async throws {
    let caller = ScriptedCaller(
      try folder.engine("states: {a: {speech: a, no_input: b}, b: {speech: a, no_input: a}}"))
    var answer = await caller.does(.started)
    var count = 0
    while answer.transfer == nil, count < 100 {
      count += 1
      answer = await caller.does(.noInput)
    }
    #expect(count == Dialogue.maximumSilences)
    try await caller.hangsUp()
  }

  @Test("transfers after the tenth failure in a state without attempts of its own")
  func failureForEver() async throws {
    let caller = ScriptedCaller(try folder.engine("states: {a: {digits: {\"1\": a}}}"))
    for _ in 0..<9 { #expect(await caller.does(.digits("2")).endsTurn) }
    #expect(await caller.does(.digits("2")).transfer != nil)
    try await caller.hangsUp()
  }

  @Test("follows events by name; those it does not know leave the state as it is")
  func events() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a: {say: {text: a}, speech: a, events: {found: b}}
          b: {say: {text: b}, speech: a, events: {default: a}}
        """))
    _ = await caller.does(.started)
    let unknown = await caller.does(.custom(name: "lost", parameters: [:]))
    #expect(unknown.texts.isEmpty)
    #expect(unknown.endsTurn)
    #expect(await caller.does(.custom(name: "found", parameters: [:])).texts == ["b"])
    #expect(await caller.does(.custom(name: "anything", parameters: [:])).texts == ["a"])
    try await caller.hangsUp()
  }

  @Test("S2: a sensitive state is announced before the caller answers, writes no line, and is over with the next state")
  func sensitive() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a: {speech: card}
          card: {say: {text: "Your card number?"}, sensitive: true, digits: {"????": done, default: {stay: true}}}
          done: {say: {text: Thanks.}, speech: {transfer: {summary: Paid}}}
        """))
    #expect(await caller.does(.started).sensitive == [false])
    #expect(await caller.does(.speechEnded(offset: 1)).sensitive == [true])
    let wrong = await caller.does(.digits("41"))
    #expect(wrong.sensitive == [true])
    #expect(wrong.transcript.isEmpty)
    let right = await caller.does(.digits("4111"))
    #expect(right.sensitive == [false])
    #expect(right.transcript == ["agent: Thanks."])
    #expect(await caller.does(.speechEnded(offset: 1)).transfer?.metadata.isEmpty == true)
    try await caller.hangsUp()
  }

  @Test("S1: digits go with a transfer only where a name is given to them, and into no transcript")
  func digitsName() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a: {digits: {"????": b}, digits_as: account}
          b: {digits: {"??": c}}
          c: {speech: {transfer: {summary: Ready, metadata: {queue: sales, priority: 2, open: true, tags: [a, "1"]}}}}
        """))
    var transcript = await caller.does(.started).transcript
    transcript += await caller.does(.digits("7777")).transcript
    transcript += await caller.does(.digits("88")).transcript
    let last = await caller.does(.speechEnded(offset: 1))
    #expect(
      last.transfer?.metadata == [
        "account": .string("7777"), "queue": .string("sales"), "priority": .number(2), "open": .bool(true),
        "tags": .list([.string("a"), .string("1")]),
      ])
    #expect(last.transfer?.summary == "Ready")
    transcript += last.transcript
    #expect(transcript == ["caller: (pressed 4 keys)", "caller: (pressed 2 keys)", "caller: (spoke)"])
    try await caller.hangsUp()
  }

  @Test("keeps numbers that are names as they are written")
  func metadataValues() throws {
    let engine = try folder.engine(
      """
      states: {a: {speech: {transfer: {metadata: {
        a: 007, b: 12345678901234567890, c: -1.5, d: "5", e: 1e400, f: nan, g: 0x10, h: ~, i: 1_000}}}}}
      """)
    guard case .transfer(_, let metadata)? = engine.dialogue.states[0].speech?.step else {
      Issue.record("no transfer")
      return
    }
    #expect(
      metadata == [
        "a": .string("007"), "b": .string("12345678901234567890"), "c": .number(-1.5), "d": .string("5"),
        "e": .string("1e400"), "f": .string("nan"), "g": .string("0x10"), "h": .null, "i": .string("1_000"),
      ])
  }

  @Test("says what comes before a transfer or an end so that it cannot be interrupted, and repeats itself no more")
  func end() async throws {
    let caller = ScriptedCaller(
      try folder.engine(
        """
        states:
          a: {speech: {say: {text: Thanks}, goto: b}}
          b: {say: {text: So long}, then: {say: {text: Bye}, end: true}}
        """))
    _ = await caller.does(.started)
    let answer = await caller.does(.speechEnded(offset: 1))
    #expect(answer.texts == ["Thanks", "So long", "Bye"])
    #expect(answer.bargeIn == [false, false, false])
    #expect(answer.ends)
    #expect(!answer.endsTurn)
    let late = await caller.does(.speechEnded(offset: 2))
    #expect(late.ends)
    #expect(late.texts.isEmpty)
    try await caller.hangsUp()
  }

  @Test("begins anew where the greeting was lost, and goes on after an interruption")
  func again() async throws {
    let caller = ScriptedCaller(
      try folder.engine("states: {a: {say: {text: a}, speech: b}, b: {say: {text: b}, speech: a}}"))
    #expect(await caller.does(.started).texts == ["a"])
    #expect(await caller.does(.speechEnded(offset: 1)).texts == ["b"])
    #expect(await caller.does(.interrupted(playedMilliseconds: 5), .speechStarted(offset: 1)).commands.isEmpty)
    #expect(await caller.does(.speechEnded(offset: 2)).texts == ["a"])
    _ = await caller.does(.speechEnded(offset: 3))
    #expect(await caller.does(.started).texts == ["a"])
    try await caller.hangsUp()
  }

  @Test("answers every event that waits for an answer, whatever comes", .timeLimit(.minutes(1)))
  func anyEvents() throws {
    let engine = try folder.engine(
      """
      states:
        a: {speech: b, digits: {"1": b, "?": {stay: true}}, no_input: b, events: {x: b}}
        b: {sensitive: true, digits: {"[1-8]": a, "9": {end: true}}, attempts: {maximum: 2, then: {transfer: true}}}
      """)
    let events: [CallerEvent] = [
      .started, .speechEnded(offset: .max), .digits("1"), .digits("9"), .digits(""), .digits("é\u{0}"), .noInput,
      .custom(name: "x", parameters: [:]), .custom(name: "", parameters: [:]), .interrupted(playedMilliseconds: -1),
      .audio(CallerAudio(samples: [], sampleRate: 0, offset: 0)), .ended(.hangup),
    ]
    for _ in 0..<500 {
      var run = DialogueRun(engine.dialogue)
      for _ in 0..<50 {
        guard let event = events.randomElement() else { break }
        let commands = run.answer(to: event)
        let isAnswer = commands.last.map { if case .endTurn = $0 { true } else { $0.isFarewell } } ?? false
        #expect(isAnswer == event.expectsAnswer)
      }
    }
  }
}
