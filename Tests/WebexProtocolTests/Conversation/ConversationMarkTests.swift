import Testing

@testable import WebexProtocol

@Suite("A mark in the bot's audio")
struct ConversationMarkTests {
  @Test("is told when the playout clock passes it, wherever the prompt's audio is cut")
  func played() {
    var script = ConversationScript()
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(4000)), .bot(.mark("a")), .bot(.speech(4000)))
    #expect(script.play(.bot(.mark("b")), .wait(.seconds(1))) == [])
    #expect(script.play(.bot(.endTurn(nil))).first?.contains("8") == true)
    #expect(script.play(.wait(.milliseconds(499))) == [])
    #expect(script.play(.wait(.milliseconds(1))) == ["bot played a"])
    #expect(script.play(.wait(.milliseconds(500))) == ["bot played b"])
  }

  @Test("is told as chunks are played, while the bot still speaks")
  func playedInChunks() {
    var script = ConversationScript(.chunk)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(8000)), .bot(.mark("a")), .bot(.speech(8000)))
    // The first chunk holds 200 ms and a further one a second: of the second half second, 400 ms are on their way.
    #expect(script.play(.wait(.milliseconds(999))).contains("bot played a") == false)
    #expect(script.play(.wait(.milliseconds(1))).contains("bot played a"))
  }

  @Test("behind audio that has been played is told at once")
  func late() {
    var script = ConversationScript()
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(800)), .bot(.endTurn(nil)), .wait(.seconds(1)))
    #expect(script.play(.bot(.mark("a"))) == ["bot played a"])
  }

  @Test("is told as dropped where the caller interrupts, and played where it was passed before")
  func interrupted() {
    var script = ConversationScript()
    script.play(
      .caller(.sessionStart, on: 1), .bot(.speech(800)), .bot(.mark("a")), .bot(.speech(8000)), .bot(.mark("b")),
      .bot(.endTurn(nil)), .caller(.audio, on: 2))
    #expect(script.play(.wait(.milliseconds(300))) == ["bot played a"])
    #expect(
      script.play(.speechStarts).filter { $0.hasPrefix("bot") } == [
        "bot interrupted at 300", "bot dropped b", "bot speech",
      ])
  }

  @Test("of a turn the caller has interrupted is dropped")
  func stale() {
    var script = ConversationScript()
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(800)), .bot(.endTurn(nil)), .caller(.noInput, on: 2))
    #expect(script.play(.lateBot(.mark("a"), turnsBehind: 1)) == ["bot dropped a"])
  }

  @Test("in audio that the bot takes back is dropped")
  func cleared() {
    var script = ConversationScript()
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(800)), .bot(.mark("a")))
    #expect(script.play(.bot(.clear)) == ["bot dropped a"])
  }

  @Test("beyond what a conversation holds is counted, and told as dropped")
  func bounded() {
    var script = ConversationScript()
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(800)))
    for number in 0..<300 { script.play(.bot(.mark("\(number)"))) }
    #expect(script.machine.drops.overflowedOutputs == 300 - ConversationStateMachine.maximumMarks)
    script.play(.bot(.mark(String(repeating: "x", count: 1025))))
    #expect(script.machine.drops.overflowedOutputs == 301 - ConversationStateMachine.maximumMarks)
  }
}
