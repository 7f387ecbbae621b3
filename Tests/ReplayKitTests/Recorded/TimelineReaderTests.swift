import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("Recordings become calls")
struct TimelineReaderTests {
  /// A caller who is loud in stretches of milliseconds.
  private static func loudness(_ stretches: [Range<Int>], length: Int = 20_000) -> LoudnessCurve {
    var samples = [Int16](repeating: 0, count: length * 8)
    for stretch in stretches {
      for index in stretch.lowerBound * 8..<stretch.upperBound * 8 {
        samples[index] = index / 10 % 2 == 0 ? 8000 : -8000
      }
    }
    var curve = LoudnessCurve(sampleRate: 8000)
    for start in stride(from: 0, to: samples.count, by: 777) {
      curve.add(samples[start..<min(samples.count, start + 777)])
    }
    return curve
  }

  private static func entry(
    _ name: String, _ time: Int, _ numbers: [String: Int] = [:], _ words: [String: String] = [:]
  )
    -> TimelineEntry
  {
    TimelineEntry(name, at: time, numbers: numbers, words: words)
  }

  /// A greeting of two seconds; the caller speaks into it from 1.2 to 2.5 s and is answered; then keys, after a pause.
  private static let entries = [
    entry("rpc_opened", 0, ["rpc": 1]), entry("received", 0, ["rpc": 1], ["what": "SESSION_START"]),
    entry("prompt", 100, ["length_ms": 2000]), entry("audio_began", 140, ["rpc": 2, "piece_ms": 40]),
    entry("speech_started", 1420), entry("interrupted", 1420, ["played_ms": 1320]),
    entry("sent", 1420, [:], ["what": "startOfInput"]), entry("sent", 3210, [:], ["what": "endOfInput"]),
    entry("half_closed", 3240, ["rpc": 2, "pieces": 77, "piece_ms": 40]), entry("prompt", 3300, ["length_ms": 1000]),
    entry("received", 5100, ["rpc": 3], ["what": "START_OF_DTMF"]), entry("half_closed", 5100, ["rpc": 3]),
    entry("digits", 6000, ["count": 3], ["keys": "12#"]), entry("text_prompt", 6100, ["characters": 10]),
    entry("no_input", 12_000), entry("prompt", 12_050, ["length_ms": 400]),
    entry("custom", 13_000, ["parameters": 1], ["name": "survey"]),
    entry("received", 13_200, ["rpc": 6], ["what": "SESSION_END"]), entry("digits", 14_000, ["count": 1]),
  ]

  @Test("Times that go back in a file end nothing: time stands still there, and the call has the same turns")
  func timesThatGoBack() {
    let loudness = Self.loudness([1200..<1800, 2100..<2500])
    var options = RecordedCallOptions()
    options.keepsKeys = true
    for back in Self.entries.indices {
      var entries = Self.entries
      entries[back] = TimelineEntry(
        entries[back].name, at: 0, numbers: entries[back].numbers, words: entries[back].words)
      let call = RecordedCall(name: "c", timeline: entries, loudness: loudness, options: options)
      #expect(call.turns.count == 5, "entry \(back) is of the time 0")
    }
    let reversed = Self.entries.enumerated().map { number, entry in
      TimelineEntry(entry.name, at: 14_000 - 700 * number, numbers: entry.numbers, words: entry.words)
    }
    _ = RecordedCall(name: "c", timeline: reversed, loudness: loudness, options: options)
  }

  @Test("What the caller did, when in relation to the prompts, and what came of it")
  func call() {
    let loudness = Self.loudness([1200..<1800, 2100..<2500])
    var options = RecordedCallOptions()
    options.keepsKeys = true
    options.expectsAnswers = true
    let call = RecordedCall(name: "c", timeline: Self.entries, loudness: loudness, options: options)
    #expect(call.frameLength == .milliseconds(40))
    #expect(call.noInput == .milliseconds(12_000 - 6_700))
    #expect(call.greeting.past == .init(answered: .milliseconds(100), length: .seconds(2)))
    #expect(
      call.turns.map(\.act) == [
        .say(.stretch(.milliseconds(1180) ..< .milliseconds(2600))), .press([.one, .two, .pound]), .stayQuiet,
        .custom(name: "survey"), .hangUp,
      ])
    #expect(
      call.turns.map(\.time) == [
        StepTime(begin: .overPrompt(.milliseconds(1080)), halfClose: .milliseconds(30)),
        StepTime(begin: .afterPrompt(.milliseconds(800))), StepTime(),
        StepTime(begin: .afterPrompt(.milliseconds(550))), StepTime(begin: .afterPrompt(.milliseconds(750))),
      ])
    #expect(
      call.turns.map(\.answer.past) == [
        .init(answered: .milliseconds(800), length: .seconds(1)),
        .init(answered: .milliseconds(100), length: .milliseconds(600)),
        .init(answered: .milliseconds(50), length: .milliseconds(400)), nil, nil,
      ])
    #expect(call.turns[0].answer.expected?.answeredWithin == .milliseconds(1800))
    #expect(call.turns[0].answer.expected?.hasAudio == true && call.turns[3].answer.expected == nil)
  }

  @Test("Keys are masked unless they are kept, and so are words that were not recorded")
  func masked() {
    let entries = [
      Self.entry("prompt", 0, ["length_ms": 1000]), Self.entry("sensitive_began", 1000),
      Self.entry("speech_started", 2000), Self.entry("sent", 3500, [:], ["what": "endOfInput"]),
      Self.entry("prompt", 3600, ["length_ms": 1000]),
      Self.entry("received", 4000, [:], ["what": "START_OF_DTMF"]), Self.entry("interrupted", 4000),
      Self.entry("digits", 6000, ["count": 4], ["keys": "1234"]),
    ]
    let call = RecordedCall(name: "c", timeline: entries, loudness: Self.loudness([]))
    #expect(call.turns.map(\.act) == [.say(.masked(.milliseconds(1500))), .press([nil, nil, nil, nil])])
    #expect(call.yaml.contains("\"????\"") && !call.yaml.contains("1234"))
    #expect(call.turns.last?.time.begin == .overPrompt(.milliseconds(400)))
  }

  @Test("A caller who ends a turn without the server's word, and one who is lost, are what they were")
  func ends() {
    let entries = [
      Self.entry("prompt", 0, ["length_ms": 500]), Self.entry("audio_began", 520, ["rpc": 2, "piece_ms": 20]),
      Self.entry("speech_started", 1200),
      Self.entry("half_closed", 2400, ["rpc": 2, "pieces": 90, "piece_ms": 20]),
      Self.entry("sent", 2500, [:], ["what": "transferToAgent"]), Self.entry("ended", 2600, [:], ["reason": "lost"]),
    ]
    var options = RecordedCallOptions()
    options.expectsAnswers = true
    let call = RecordedCall(name: "c", timeline: entries, loudness: Self.loudness([1000..<2200]), options: options)
    #expect(call.turns.map(\.act) == [.say(.stretch(.milliseconds(980) ..< .milliseconds(2300))), .vanish])
    #expect(call.turns.first?.answer.expected?.ending == .transfer)
    #expect(call.turns.first?.answer.expected?.hasAudio == false)
  }

  @Test("Of audio alone: the agent's stretches are prompts, and the caller's are turns that begin after or over them")
  func audio() {
    let caller = Self.loudness([2600..<3400, 3700..<4000, 6500..<7200])
    let agent = Self.loudness([100..<2000, 5000..<8000])
    let call = RecordedCall(name: "c", caller: caller, agent: agent, pause: 1000)
    #expect(
      call.turns.map(\.act) == [
        .say(.stretch(.milliseconds(2580) ..< .milliseconds(4000))),
        .say(.stretch(.milliseconds(6480) ..< .milliseconds(7200))),
      ])
    #expect(
      call.turns.map(\.time.begin) == [.afterPrompt(.milliseconds(580)), .overPrompt(.milliseconds(1480))])
    #expect(call.turns.first?.answer.past?.answered == .seconds(1))
    let alone = RecordedCall(name: "c", caller: caller, agent: nil, pause: 1000)
    #expect(alone.turns.count == 2 && alone.turns.allSatisfy { $0.time.begin == nil })
  }

  @Test("Numbers of any size make a call that can be written and read")
  func hostile() throws {
    var entries: [TimelineEntry] = []
    for value in [Int.min, -1, 0, Int.max] {
      for name in [
        "audio_began", "speech_started", "half_closed", "sent", "prompt", "text_prompt", "interrupted", "digits",
        "no_input",
        "custom", "sensitive_began", "speech_started", "sensitive_ended",
      ] {
        entries.append(
          Self.entry(
            name, value, ["length_ms": value, "characters": value, "count": value, "piece_ms": value, "pieces": value],
            ["what": "endOfInput", "name": " ", "keys": "x"]))
      }
    }
    let call = RecordedCall(name: "c", timeline: entries, loudness: Self.loudness([0..<100], length: 200))
    var named = call
    named.callerAudio = "caller.wav"
    let again = try RecordedCall(text: Array(named.yaml.utf8), file: "c/call.yaml")
    #expect(again == named)
  }
}
