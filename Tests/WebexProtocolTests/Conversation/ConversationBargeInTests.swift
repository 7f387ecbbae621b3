import Testing
import WebexProtocol

@Suite("Wire 3: barge-in and overlapping RPCs")
struct ConversationBargeInTests {
  @Test("barge: START_OF_INPUT on the new RPC; the old answer is dropped and its RPC completed")
  func speechOverAnAnswerBeingSent() {
    var script = ConversationTurnTests.greeted(.chunk)
    script.play(.caller(.audio, on: 2), .speechStarts, .speechEnds, .halfClose(2))
    #expect(script.play(.bot(.speech(80_000))).count == 10)
    script.play(.wait(.milliseconds(500)))
    #expect(script.play(.caller(.audio, on: 3)) == ["reset"])
    #expect(
      script.play(.speechStarts) == [
        "bot interrupted at 500", "#2 final 0B! →voiceAndDTMF", "#2 ok", "#3 final startOfInput", "bot speech",
      ])
    #expect(script.play(.lateBot(.speech(8000), turnsBehind: 1), .lateBot(.endTurn(nil), turnsBehind: 1)) == [])
    #expect(script.machine.drops.staleOutputs >= 2)
    script.play(.speechEnds)
    #expect(script.play(.bot(.endTurn(nil))) == ["#3 final 0B! →voiceAndDTMF", "#3 ok"])
  }

  @Test("barge: an answer that is still awaited is dropped too, in WAV mode")
  func speechWhileTheBotThinks() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .speechStarts, .speechEnds, .halfClose(2), .caller(.audio, on: 3))
    #expect(
      script.play(.speechStarts) == [
        "bot interrupted at 0", "#2 final →voiceAndDTMF", "#2 ok", "#3 final startOfInput", "bot speech",
      ])
  }

  @Test("barge: a prompt that is still playing was interrupted, although its RPC is over")
  func speechOverAPlayingPrompt() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(16_000)), .bot(.endTurn(nil)))
    #expect(script.machine.isPlayingPrompt(script.now))
    script.play(.wait(.milliseconds(700)), .caller(.audio, on: 2))
    #expect(script.play(.speechStarts) == ["bot interrupted at 700", "#2 final startOfInput", "bot speech"])
    #expect(!script.machine.isPlayingPrompt(script.now))
  }

  @Test("barge: START_OF_DTMF on the open audio RPC gets START_OF_INPUT, then a half-close completes it")
  func keysOnTheAudioRPC() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2))
    #expect(script.play(.caller(.startOfDTMF, on: 2)) == ["reset", "#2 final startOfInput"])
    #expect(script.play(.caller(.startOfDTMF, on: 2), .halfClose(2)) == ["reset", "#2 ok"])
  }

  @Test("barge: START_OF_INPUT is said once a turn, whether speech or keys came first")
  func keysAfterSpeech() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2))
    #expect(script.play(.speechStarts) == ["#2 final startOfInput", "bot speech"])
    #expect(script.play(.caller(.startOfDTMF, on: 2), .halfClose(2)) == ["reset", "reset", "#2 ok"])
  }

  @Test("barge: keys in an RPC of their own drop what is still being sent")
  func keysOverAnAnswer() {
    var script = ConversationTurnTests.greeted(.chunk)
    script.play(.caller(.noInput, on: 2), .halfClose(2), .bot(.speech(4000)))
    #expect(
      script.play(.caller(.startOfDTMF, on: 3), .halfClose(3)) == [
        "reset", "bot interrupted at 0", "#2 final 0B! →voiceAndDTMF", "#2 ok", "#3 ok",
      ])
  }

  @Test("a prompt that may not be interrupted is heard out: no speech is looked for meanwhile")
  func uninterruptiblePrompt() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(8000, bargeIn: false)), .bot(.endTurn(nil)))
    script.play(.caller(.audio, on: 2))
    #expect(!script.machine.isDetecting(on: RPCID(2), now: script.now))
    script.play(.wait(.milliseconds(1001)))
    #expect(script.machine.isDetecting(on: RPCID(2), now: script.now))
  }

  @Test("the newest audio RPC is the one that is heard")
  func newestAudioRPC() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .caller(.audio, on: 3))
    #expect(!script.machine.isListening(on: RPCID(2)))
    #expect(script.machine.isListening(on: RPCID(3)))
    #expect(script.play(.caller(.audio, on: 2), .halfClose(2)) == ["#2 ok"])
    #expect(script.play(.speechStarts) == ["#3 final startOfInput", "bot speech"])
  }

  @Test("a new audio RPC in the middle of the caller's words goes on with the turn: no second START_OF_INPUT event")
  func handOverWhileSpeaking() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.caller(.audio, on: 3)) == [])
    #expect(script.play(.halfClose(2)) == ["#2 ok"])
    #expect(script.play(.speechEnds) == ["#3 final endOfInput", "bot silence"])
  }

  @Test("unsolicited output waits for a line and goes out on the next audio RPC")
  func unsolicitedOutput() {
    var script = ConversationTurnTests.greeted(.wav)
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil))) == [])
    #expect(script.play(.caller(.audio, on: 2)) == ["reset", "reset", "#2 final 458B →voiceAndDTMF", "#2 ok"])
  }

  @Test("unsolicited output goes ahead of the next answer where the caller asks first")
  func unsolicitedOutputBeforeAnswer() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.bot(.text("By the way", bargeIn: true)), .bot(.endTurn(nil)), .caller(.noInput, on: 2))
    #expect(
      script.play(.bot(.text("Hello?", bargeIn: true)), .bot(.endTurn(nil))) == [
        "#2 final \"By the way\" \"Hello?\" →voiceAndDTMF", "#2 ok",
      ])
  }

  @Test("in chunks, what the bot says unasked goes out on the open line as it comes, but not while the caller speaks")
  func unsolicitedChunks() {
    var script = ConversationTurnTests.greeted(.chunk)
    script.play(.caller(.audio, on: 2))
    #expect(script.play(.bot(.speech(700))) == [])
    #expect(script.play(.bot(.speech(1000))) == ["reset", "#2 chunk 1600B"])
    #expect(script.play(.bot(.endTurn(nil))) == ["#2 chunk 100B", "#2 final 0B! →voiceAndDTMF", "#2 ok"])

    script.play(.wait(.seconds(1)), .caller(.audio, on: 3), .speechStarts)
    #expect(script.play(.bot(.speech(4000))) == [])
    // With the caller's turn over, it goes ahead of the answer.
    #expect(script.play(.speechEnds, .bot(.speech(100))).contains("#3 chunk 1600B"))
  }
}
