import BotEngine
import Testing

@testable import WebexProtocol

@Suite("Eager ends: the answer to a turn that may be over is held until it is")
struct EagerAnswerTests {
  /// A caller who speaks after the greeting, and pauses.
  private func paused(
    _ mode: ResponseMode = .chunk, change: (inout ConversationStateMachine.Settings) -> Void = { _ in }
  ) -> ConversationScript {
    var script = ConversationScript(mode, change: change)
    script.play(.caller(.sessionStart, on: 1), .bot(.endTurn(nil)), .halfClose(1), .settle(1, delivered: true))
    script.play(.caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.speechPauses) == ["bot may be over"])
    return script
  }

  private let transfer = BotCommand.transfer(summary: "A person.", metadata: [:])

  @Test("nothing of it leaves before the turn is over, and all of it when it is", arguments: ResponseMode.allCases)
  func used(mode: ResponseMode) {
    var script = paused(mode)
    #expect(script.play(.bot(.speech(1600)), .bot(.sensitive(true)), .bot(.endTurn(nil)), .wait(.seconds(9))) == [])
    #expect(!script.machine.isSensitive)
    #expect(script.machine.queuedBytes == 1600)
    #expect(
      script.play(.speechEnds)
        == (mode == .chunk
          ? [
            "#2 chunk endOfInput", "bot over", "#2 chunk 1600B sensitive", "#2 final 0B! →voiceAndDTMF sensitive",
            "#2 ok",
          ] : ["#2 final endOfInput", "bot over", "#2 final 1658B →voiceAndDTMF sensitive", "#2 ok"]))
    #expect(script.machine.eagerAnswers == (1, 1, 0))
    #expect(script.machine.queuedBytes == 0)
  }

  @Test("what still comes of the answer once the turn is over is carried out as ever")
  func lateAnswer() {
    var script = paused()
    #expect(script.play(.bot(.speech(1600)), .speechEnds) == ["#2 chunk endOfInput", "bot over"])
    #expect(
      script.play(.bot(.speech(1600)), .bot(.endTurn(nil))) == [
        "#2 chunk 1600B", "#2 chunk 1600B", "#2 final 0B! →voiceAndDTMF", "#2 ok",
      ])
  }

  @Test("a bot that answers nothing in time, guess or not, has failed")
  func silentBot() {
    var script = paused()
    script.play(.speechEnds)
    #expect(script.play(.wait(.seconds(5))).first == "#2 final transferToAgent 0B!")
  }

  @Test("the caller goes on: the answer is dropped, a transfer and an end too, and what still comes of it")
  func resumed() {
    var script = paused()
    script.play(.bot(.speech(16_000)), .bot(.mark("here")), .bot(.transcript(speaker: .agent, text: "Bye.")))
    script.play(.bot(transfer))
    #expect(script.play(.speechResumes) == ["bot resumed", "bot dropped here"])
    #expect(script.machine.queuedBytes == 0)
    #expect(script.play(.lateBot(.speech(8000), turnsBehind: 1), .lateBot(.end, turnsBehind: 1)) == [])
    #expect(script.machine.drops.resumedOutputs == 3)
    #expect(script.machine.drops.resumedMilliseconds == 3000)
    // The turn is one: it ends as it would have without the guess.
    #expect(script.play(.speechEnds) == ["#2 chunk endOfInput", "bot silence"])
    #expect(
      script.play(.bot(.speech(1600)), .bot(.end)) == [
        "#2 chunk 1600B!", "#2 final sessionEnd 0B!", "#2 ok", "bot ended ended", "close ended",
      ])
    #expect(script.machine.eagerAnswers == (1, 0, 1))
  }

  @Test("a transfer that belongs to no guess is carried out, whatever the caller does")
  func transferOfAnEarlierTurn() {
    var script = paused()
    #expect(
      script.play(.lateBot(transfer, turnsBehind: 2)) == [
        "bot resumed", "#2 final transferToAgent 0B!", "#2 ok", "bot ended transferred", "close transferred",
      ])
  }

  @Test("a turn has three guesses; a new turn has three more")
  func bounded() {
    var script = paused()
    for _ in 0..<2 {
      #expect(script.play(.speechResumes, .speechPauses) == ["bot resumed", "bot may be over"])
    }
    #expect(script.play(.speechResumes, .speechPauses, .speechResumes) == ["bot resumed"])
    #expect(script.play(.speechEnds) == ["#2 chunk endOfInput", "bot silence"])
    script.play(.bot(.endTurn(nil)), .caller(.audio, on: 3), .speechStarts)
    #expect(script.play(.speechPauses) == ["bot may be over"])
    #expect(script.machine.eagerAnswers == (4, 0, 3))
  }

  @Test("keys, a new session, or a lost RPC end the guess, and the bot is told before anything else")
  func otherInput() {
    for (input, event) in [
      (CallerInput.digits([.one]), "digits 1"), (.noInput, "no-input"),
      (.custom(name: "a", parameters: [:]), "event a"),
    ] {
      var script = paused()
      script.play(.bot(transfer))
      let told = script.play(.caller(input, on: 3), .halfClose(3)).filter { $0.hasPrefix("bot") }
      #expect(told == ["bot resumed", "bot \(event)"])
      #expect(script.machine.eagerAnswers == (1, 0, 1))
    }
    var keying = paused()
    #expect(keying.play(.caller(.startOfDTMF, on: 3)).filter { $0.hasPrefix("bot") } == ["bot resumed"])
    var lost = paused()
    lost.play(.bot(transfer))
    #expect(lost.play(.lose(2)) == ["bot resumed", "reset", "reset"])
    #expect(lost.play(.caller(.audio, on: 3), .speechStarts, .speechEnds).last == "bot silence")
  }

  @Test("a caller who hangs up, and a server that shuts down, leave nothing of it")
  func ends() {
    var hangup = paused()
    hangup.play(.bot(.speech(1600)), .bot(.mark("m")), .bot(transfer))
    #expect(
      hangup.play(.caller(.sessionEnd, on: 3)) == [
        "#3 final", "bot dropped m", "#2 ok", "#3 ok", "bot ended hangup", "close hangup",
      ])
    #expect(hangup.machine.eagerAnswers == (1, 0, 1))
    #expect(hangup.machine.drops.resumedOutputs == 1)
    var shutDown = paused()
    #expect(shutDown.play(.shutDown(grace: nil)).last == "close shutdown")
    #expect(shutDown.machine.eagerAnswers == (1, 0, 1))
  }

  @Test("a half-close and the longest utterance end the turn as its silence does")
  func otherEnds() {
    var script = paused()
    script.play(.bot(.speech(1600)), .bot(.endTurn(nil)))
    #expect(script.play(.halfClose(2)).contains("bot over"))
    #expect(script.machine.eagerAnswers == (1, 1, 0))
  }

  @Test("a bot that fails while its answer is held has failed once the turn is over", arguments: [true, false])
  func failure(resumes: Bool) {
    var script = paused()
    #expect(script.play(.bot(.speech(1600)), .botLeaves(inOrder: false)) == [])
    if resumes { #expect(script.play(.speechResumes, .speechPauses) == ["bot resumed"]) }
    let actions = script.play(.speechEnds)
    #expect(actions[1] == (resumes ? "bot silence" : "bot over"))
    #expect(actions.suffix(4) == ["#2 final transferToAgent 0B!", "#2 ok", "bot ended botFailed", "close botFailed"])
  }

  @Test("a bot that leaves in order is heard out before")
  func leavesInOrder() {
    var script = paused()
    script.play(.bot(.speech(1600)), .botLeaves(inOrder: true))
    #expect(script.play(.speechEnds).contains("#2 chunk 1600B!"))
  }

  @Test("a bot may take back what it prepared; its marks are told as dropped")
  func cleared() {
    var script = paused()
    script.play(.bot(.speech(16_000)))
    #expect(script.play(.bot(.mark("a")), .bot(.clear)) == ["bot dropped a"])
    #expect(script.machine.queuedBytes == 0)
    script.play(.bot(.speech(1600)), .bot(.endTurn(nil)))
    #expect(script.play(.speechEnds)[2] == "#2 chunk 1600B")
  }

  @Test("no more is held than may wait to be sent; what does not fit is counted")
  func bounds() {
    var script = paused(.chunk) { $0.maximumQueuedBytes = 20_000 }
    script.play(.bot(.speech(15_000)), .bot(.speech(8000)), .bot(.speech(5000)))
    #expect(script.machine.drops.overflowedOutputs == 1)
    #expect(script.machine.drops.overflowedMilliseconds == 1000)
    #expect(script.machine.queuedBytes == 20_000)
    for _ in 0..<EagerAnswer.maximumCommands { script.play(.bot(.inputSettings(BotInputSettings()))) }
    #expect(script.play(.bot(.mark("late"))) == ["bot dropped late"])
  }

  @Test("the bot may say that the caller has finished, of the turn as it knows it, and not of a guess that was wrong")
  func endInput() {
    var script = paused()
    let guess = script.machine.turn
    #expect(script.machine.mayEndInput(turn: guess) && script.machine.mayEndInput(turn: guess - 1))
    #expect(!script.machine.mayEndInput(turn: guess - 2))
    script.play(.speechResumes)
    #expect(!script.machine.mayEndInput(turn: guess))
    #expect(script.machine.mayEndInput(turn: guess + 1))
  }

  @Test("a bot that has taken its leave is told of no guess")
  func afterTheLeave() {
    var script = ConversationTurnTests.greeted(.chunk)
    script.play(.bot(.end), .caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.speechPauses) == [])
  }
}
