import BotEngine
import Testing

@testable import WebexProtocol

@Suite("While the bot thinks the caller hears a filler")
struct ConversationFillerTests {
  /// The greeting was heard, and the caller has said something.
  private func asked(_ filler: Filler?, _ mode: ResponseMode = .chunk) -> ConversationScript {
    var script = ConversationScript(mode) { $0.filler = filler }
    script.play(
      .caller(.sessionStart, on: 1), .bot(.speech(800)), .bot(.endTurn(nil)), .wait(.seconds(1)),
      .caller(.noInput, on: 2))
    return script
  }

  private func word(_ bytes: Int, after delay: Duration? = .seconds(1)) -> Filler {
    Filler(audio: [UInt8](repeating: 0x11, count: bytes), delay: delay)
  }

  @Test("once the bot has been silent for its time, 300 ms ahead of what is heard and then as it is heard")
  func paced() {
    var script = asked(word(4000))
    #expect(script.play(.wait(.milliseconds(999))) == [])
    #expect(script.play(.wait(.milliseconds(1))) == ["#2 filler (silence) chunk 2400B"])
    #expect(script.play(.wait(.milliseconds(74))) == [])
    #expect(script.play(.wait(.milliseconds(1))) == ["#2 filler chunk 600B"])
    #expect(script.play(.wait(.seconds(1))) == ["#2 filler chunk 600B", "#2 filler chunk 400B"])
  }

  @Test("a sound that repeats goes on without a seam until the answer comes")
  func repeated() throws {
    let sound = (0..<1000).map { UInt8($0 % 251) }
    var script = asked(Filler(audio: sound, repeats: true, delay: .seconds(1)))
    var heard: [UInt8] = []
    for _ in 0..<16 {
      let actions = script.machine.tick(now: script.now)
      for case .fill(_, let response, _) in actions { heard += response.prompts.first?.audio ?? [] }
      script.now = try #require(script.machine.nextDeadline)
    }
    #expect(heard.count > 9000)
    #expect(heard == (0..<heard.count).map { sound[$0 % sound.count] })
  }

  @Test("it ends with the answer's first audio, which follows at once; the answer's time has gone on meanwhile")
  func ends() {
    var script = asked(word(80_000))
    script.play(.wait(.seconds(2)))
    #expect(script.play(.bot(.speech(4000))) == ["#2 chunk 1600B"])
    #expect(script.play(.wait(.milliseconds(300))).allSatisfy { !$0.contains("filler") })
    var silent = asked(word(80_000))
    #expect(silent.play(.wait(.seconds(5))).last == "close botFailed")
  }

  @Test("of the answer only what was heard of it is told to the bot, not the filler before it")
  func interrupted() {
    var script = asked(word(80_000))
    script.play(.wait(.seconds(2)), .bot(.speech(16_000)), .caller(.audio, on: 3))
    // 300 ms of the filler are still ahead.
    #expect(script.play(.wait(.milliseconds(200)), .speechStarts).contains("bot interrupted at 0"))
    var later = asked(word(80_000))
    later.play(.wait(.seconds(2)), .bot(.speech(16_000)), .caller(.audio, on: 3), .wait(.seconds(1)))
    // 275 ms of the filler were on their way when the answer came.
    #expect(later.play(.speechStarts).contains("bot interrupted at 725"))
  }

  @Test("the caller's speech ends it")
  func speech() {
    var script = asked(word(80_000))
    script.play(.wait(.seconds(2)), .caller(.audio, on: 3), .speechStarts)
    #expect(script.play(.wait(.seconds(1))) == [])
  }

  @Test("a bot that asks for it gets it after its own words, however short they are")
  func requested() {
    var script = asked(word(4000, after: nil))
    #expect(script.play(.wait(.seconds(1))) == [])
    #expect(script.play(.bot(.speech(1000)), .bot(.filler)) == ["#2 chunk 1000B", "#2 filler (asked) chunk 1400B"])
    #expect(script.play(.bot(.speech(2000)), .wait(.seconds(1))) == ["#2 chunk 2000B"], "the answer goes on")
    #expect(script.play(.bot(.endTurn(nil))).first?.contains("final") == true)
    #expect(script.play(.bot(.filler), .wait(.seconds(1))) == [], "the turn is the caller's")
  }

  @Test("not before a greeting, not while the answer is there, and not in WAV files")
  func never() {
    var greeting = ConversationScript(.chunk) { $0.filler = word(4000) }
    #expect(greeting.play(.caller(.sessionStart, on: 1), .wait(.seconds(4))) == ["bot started"])
    var answered = asked(word(4000))
    answered.play(.bot(.speech(80_000)))
    #expect(answered.play(.wait(.seconds(4))).allSatisfy { !$0.contains("filler") })
    var wav = asked(word(4000), .wav)
    #expect(wav.play(.bot(.filler), .wait(.seconds(4))) == [])
    var without = asked(nil)
    #expect(without.play(.bot(.filler), .wait(.seconds(4))) == [])
  }

  @Test("the tail of a word is made as long as the platform needs it")
  func tail() {
    var script = asked(word(2450))
    #expect(
      script.play(.wait(.seconds(2))) == ["#2 filler (silence) chunk 2400B", "#2 filler chunk 100B"])
  }
}
