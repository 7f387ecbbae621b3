import AudioCodecs
import BotEngine
import Testing

@testable import BotEngines

@Suite("The demo engine", .timeLimit(.minutes(1)))
struct DemoEngineTests {
  private let voice: DemoVoice
  private let engine: DemoEngine

  init() throws {
    voice = try DemoVoice()
    engine = try DemoEngine()
  }

  /// A tone that stands for the caller's words, in frames of 20 ms. Its mu-law is told apart by its frequency.
  private func words(_ milliseconds: Int, rate: Int = 8000, period: Int = 20) -> (
    events: [CallerEvent], samples: [Int16]
  ) {
    let samples = (0..<milliseconds * rate / 1000).map { index in
      Int16(clamping: (index * 1000 / (rate / 8000)) % (period * 1000) - period * 500)
    }
    let frame = rate / 50
    let events = stride(from: 0, to: samples.count, by: frame).map { start in
      CallerEvent.audio(
        CallerAudio(
          samples: Array(samples[start..<min(start + frame, samples.count)]), sampleRate: rate,
          offset: start * 1000 / rate))
    }
    return (events, samples)
  }

  @Test("greets with its spoken greeting, which the caller may interrupt")
  func greeting() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.started)
    #expect(answer.audio == voice.audio(.greeting))
    #expect(answer.bargeIn == [true])
    #expect(answer.endsTurn)
    #expect(answer.transcript == ["agent: \(voice.words(.greeting))"])
    try await caller.hangsUp()
  }

  @Test("plays the caller's words back from the pre-roll to the end, between two prompts")
  func echo() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(.started)
    let (audio, samples) = words(1500)
    var events = audio
    events.insert(.speechStarted(offset: 400), at: 20)
    let answer = await caller.does(events + [.speechEnded(offset: 1400)])
    #expect(
      answer.audio == voice.audio(.youSaid) + AudioEncoding.mulaw.encode(samples) + voice.audio(.anythingElse))
    #expect(answer.endsTurn)
    #expect(answer.transcript.first == "caller: (spoke for 1.5 seconds)")
    try await caller.hangsUp()
  }

  @Test("plays back only what was said since its last answer")
  func echoOfTheLastTurn() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(words(500).events + [.speechEnded(offset: 500)])
    let (audio, samples) = words(300, period: 7)
    let answer = await caller.does(audio + [.speechEnded(offset: 1000)])
    #expect(
      answer.audio == voice.audio(.youSaid) + AudioEncoding.mulaw.encode(samples) + voice.audio(.anythingElse))
    try await caller.hangsUp()
  }

  @Test("plays words of 16,000 Hz back at 8,000 Hz, as long as they were")
  func wideband() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(words(1000, rate: 16_000).events + [.speechEnded(offset: 1000)])
    let echoed = answer.audio.count - voice.audio(.youSaid).count - voice.audio(.anythingElse).count
    #expect((7900...8000).contains(echoed))
    try await caller.hangsUp()
  }

  @Test("keeps thirty seconds of words at most")
  func longSpeech() async throws {
    let caller = ScriptedCaller(engine)
    var kept = CallerWords()
    for event in words(60_000).events {
      if case .audio(let stretch) = event { kept.append(stretch) }
    }
    #expect(kept.milliseconds == 30_000)
    try await caller.hangsUp()
  }

  @Test(
    "reads keys back one by one, in either case of the letters",
    arguments: [
      ("12#", [DemoPrompt.one, .two, .pound]), ("*0", [.star, .zero]), ("90", [.nine, .zero]),
      ("345678", [.three, .four, .five, .six, .seven, .eight]), ("aBcD", [.a, .b, .c, .d]),
    ])
  func digits(keys: String, prompts: [DemoPrompt]) async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.digits(keys))
    #expect(
      answer.audio == voice.audio(.youPressed) + prompts.flatMap { voice.audio($0) } + voice.audio(.anythingElse))
    #expect(answer.endsTurn)
    try await caller.hangsUp()
  }

  @Test("S1: writes no digits into the transcript")
  func digitsStayOut() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.digits("4111111111111111"))
    #expect(answer.transcript.first == "caller: (pressed 16 keys)")
    #expect(!answer.transcript.contains { $0.contains("411") || $0.contains("one") })
    try await caller.hangsUp()
  }

  @Test("reads a bounded number of keys back")
  func manyDigits() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.digits(String(repeating: "1", count: 100_000)))
    #expect(answer.audio.count < 20 * 8000)
    #expect(answer.audio.count > 24 * voice.audio(.one).count)
    try await caller.hangsUp()
  }

  @Test("transfers on a lone 0 with a summary, after an announcement that cannot be interrupted")
  func transfer() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(.started)
    _ = await caller.does(words(500).events + [.speechEnded(offset: 500)])
    _ = await caller.does(.digits("12"))
    let answer = await caller.does(.digits("0"))
    #expect(answer.audio == voice.audio(.transfer))
    #expect(answer.bargeIn == [false])
    #expect(!answer.endsTurn)
    let transfer = try #require(answer.transfer)
    #expect(
      transfer.summary == "The caller asked for a person. Before that, spoken turns: 1, keyed entries: 1.")
    #expect(transfer.metadata == ["spoken_turns": .number(1), "keyed_entries": .number(1)])
    try await caller.hangsUp()
  }

  @Test("ends on a lone 9, after a good bye that cannot be interrupted")
  func end() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.digits("9"))
    #expect(answer.audio == voice.audio(.goodBye))
    #expect(answer.bargeIn == [false])
    #expect(answer.ends)
    #expect(!answer.endsTurn)
    let late = await caller.does(.noInput)
    #expect(late.ends)
    #expect(late.audio.isEmpty)
    try await caller.hangsUp()
  }

  @Test("asks again on silence and transfers on the third in a row")
  func noInput() async throws {
    let caller = ScriptedCaller(engine)
    for _ in 0..<2 {
      let answer = await caller.does(.noInput)
      #expect(answer.audio == voice.audio(.stillThere))
      #expect(answer.endsTurn)
    }
    _ = await caller.does(.digits("5"))
    for _ in 0..<2 { #expect(await caller.does(.noInput).transfer == nil) }
    let third = await caller.does(.digits(""))
    #expect(third.transfer?.summary?.hasPrefix("The caller did not answer 3 times in a row.") == true)
    #expect(!third.endsTurn)
    try await caller.hangsUp()
  }

  @Test("acknowledges events of the flow designer")
  func customEvent() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.custom(name: "order", parameters: ["id": .number(1)]))
    #expect(answer.customEvents == ["order"])
    #expect(answer.audio == voice.audio(.eventReceived))
    #expect(answer.endsTurn)
    try await caller.hangsUp()
  }

  @Test("goes on after an interruption, and says nothing to it")
  func interruption() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(words(500).events + [.speechEnded(offset: 500)])
    let silent = await caller.does(.interrupted(playedMilliseconds: 700))
    #expect(silent.commands.isEmpty)
    let (audio, samples) = words(200, period: 9)
    let answer = await caller.does([.speechStarted(offset: 0)] + audio + [.speechEnded(offset: 200)])
    #expect(
      answer.audio == voice.audio(.youSaid) + AudioEncoding.mulaw.encode(samples) + voice.audio(.anythingElse))
    try await caller.hangsUp()
  }

  @Test(
    "gives an answer that is interrupted before it was begun to the turn that it answers, not to the caller's new one")
  func interruptedAnswer() async throws {
    let caller = ScriptedCaller(engine)
    let (audio, samples) = words(300)
    let old = caller.hurries(audio + [.speechEnded(offset: 300)])
    let interruption = caller.hurries([.interrupted(playedMilliseconds: 0), .speechStarted(offset: 300)])
    let new = await caller.does(.digits("12"))
    let echo = voice.audio(.youSaid) + AudioEncoding.mulaw.encode(samples) + voice.audio(.anythingElse)
    #expect(caller.answer(old).audio == echo)
    #expect(caller.answer(interruption).commands.isEmpty)
    #expect(new.audio.starts(with: voice.audio(.youPressed)))
    try await caller.hangsUp()
  }

  @Test("asks again where speech ended and no audio came")
  func lostWords() async throws {
    let caller = ScriptedCaller(engine)
    let answer = await caller.does(.speechEnded(offset: 500))
    #expect(answer.audio == voice.audio(.stillThere))
    try await caller.hangsUp()
  }

  @Test("has a voice for each prompt: audible, without clipping, of the length of its words")
  func voiceIsWhole() {
    for prompt in DemoPrompt.allCases {
      let samples = AudioEncoding.mulaw.decode(voice.audio(prompt))
      let peak = samples.map { abs(Int($0)) }.max() ?? 0
      #expect((16_000..<24_000).contains(peak), "\(prompt): peak \(peak)")
      let seconds = Double(samples.count) / 8000
      let letters = Double(voice.words(prompt).count)
      #expect((0.2...7).contains(seconds), "\(prompt): \(seconds) s")
      #expect(letters < 12 || (0.04...0.15).contains(seconds / letters), "\(prompt): \(seconds) s for \(letters)")
    }
    let bytes = DemoPrompt.allCases.reduce(0) { $0 + voice.audio($1).count }
    #expect(bytes < 500_000)
  }
}
