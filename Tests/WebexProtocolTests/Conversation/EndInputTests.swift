import BotEngine
import Testing

@testable import WebexProtocol

@Suite("The bot ends the caller's turn: it says so, or it begins to answer")
struct EndInputTests {
  /// A caller who speaks after the greeting.
  private func speaking(_ mode: ResponseMode = .chunk, endsTurn: Bool = true) -> ConversationScript {
    var script = ConversationScript(mode) { $0.botEndsTurn = endsTurn }
    script.play(.caller(.sessionStart, on: 1), .bot(.endTurn(nil)), .halfClose(1), .settle(1, delivered: true))
    script.play(.caller(.audio, on: 2), .speechStarts)
    return script
  }

  private func ended(_ script: inout ConversationScript) -> [String] {
    let actions = script.machine.inputEnded(offset: 0, now: script.now)
    return actions.map(ConversationScript.phrase)
  }

  @Test("what was said before the end is the beginning of the answer, and leaves at once")
  func answered() {
    var script = speaking()
    let turn = script.machine.turn
    #expect(script.play(.bot(.speech(400))) == [] && !script.machine.isAnswered(turn: turn), "50 ms are nothing")
    #expect(script.play(.bot(.speech(1600))) == [] && script.machine.isAnswered(turn: turn))
    #expect(ended(&script) == ["#2 chunk endOfInput", "bot silence", "#2 chunk 1600B"])
    #expect(!script.machine.isAnswered(turn: turn), "it is over")
  }

  @Test("what is said before the bot learns of the end is the rest of it, until the caller goes on")
  func notStale() {
    var script = speaking()
    let turn = script.machine.turn
    script.play(.bot(.speech(1600)))
    _ = ended(&script)
    #expect(script.machine.turn(of: turn) == turn + 1 && script.machine.turn(of: turn - 1) == turn - 1)
    script.play(.caller(.digits([.one]), on: 3))
    #expect(script.machine.turn(of: turn) == turn, "the answer was interrupted, and is the old one")
  }

  @Test("the detector's own end loses nothing of an answer that was about to end the turn")
  func detectorFirst() {
    var script = speaking()
    let turn = script.machine.turn
    #expect(script.play(.speechEnds) == ["#2 chunk endOfInput", "bot silence"])
    #expect(script.machine.turn(of: turn) == turn + 1)
    var without = speaking(endsTurn: false)
    without.play(.speechEnds)
    #expect(without.machine.turn(of: turn) == turn, "an answer of any other bot to an earlier turn is late")
  }

  @Test("a text is an answer; nothing is one where the agent does not say so, or to an earlier turn")
  func conditions() {
    var text = speaking(.wav)
    text.play(.bot(.text("Yes?", bargeIn: true)))
    #expect(text.machine.isAnswered(turn: text.machine.turn) && !text.machine.isAnswered(turn: text.machine.turn - 1))
    #expect(ended(&text) == ["#2 final endOfInput", "bot silence"])
    #expect(text.play(.bot(.endTurn(nil))).first?.contains("Yes?") == true)
    var without = speaking(endsTurn: false)
    without.play(.bot(.speech(1600)))
    #expect(!without.machine.isAnswered(turn: without.machine.turn))
  }

  @Test("a guess that is open when the bot ends the turn is right")
  func guess() {
    var script = speaking(endsTurn: false)
    script.play(.speechPauses, .bot(.speech(1600)))
    let turn = script.machine.turn
    let actions = script.machine.inputEnded(offset: 0, now: script.now)
    #expect(script.carriedOut(actions).map(ConversationScript.phrase).contains("bot over"))
    #expect(script.machine.turn == turn && script.machine.turn(of: turn) == turn)
  }
}
