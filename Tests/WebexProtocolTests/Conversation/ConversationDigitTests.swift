import Testing
import WebexProtocol

@Suite("Wire 3: digits that come in several messages")
struct ConversationDigitTests {
  @Test("digits before the half-close are one entry, in however many messages", arguments: ConversationTurnTests.modes)
  func severalMessages(mode: ResponseMode) {
    var script = ConversationTurnTests.greeted(mode)
    let keys: [DTMFKey] = [.one, .two, .three, .four, .five, .six, .seven, .eight, .nine, .zero, .star, .pound]
    for key in keys { #expect(script.play(.caller(.digits([key]), on: 2), .wait(.milliseconds(20))) == []) }
    #expect(script.play(.halfClose(2)) == ["bot digits 1234567890*#"])
    #expect(script.play(.bot(.endTurn(nil))) == ["#2 \(ConversationTurnTests.silentFinal(mode))", "#2 ok"])
  }

  @Test("no entry waits for a half-close longer than 100 ms")
  func noHalfClose() {
    var script = ConversationTurnTests.greeted(.wav)
    #expect(script.play(.caller(.digits([.one]), on: 2), .caller(.digits([.two]), on: 2)) == [])
    #expect(script.play(.wait(.milliseconds(99))) == [])
    #expect(script.play(.wait(.milliseconds(1))) == ["bot digits 12"])
    #expect(script.play(.bot(.endTurn(nil)), .halfClose(2)).contains("#2 ok"))
  }

  @Test("the first digit interrupts the bot, before the entry is whole")
  func interruption() {
    var script = ConversationScript(.chunk)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(16_000)), .bot(.endTurn(nil)), .settle(1, delivered: true))
    #expect(script.play(.wait(.milliseconds(500)), .caller(.digits([.one]), on: 2)) == ["bot interrupted at 500"])
    #expect(script.play(.caller(.digits([.two]), on: 2), .halfClose(2)) == ["bot digits 12"])
  }

  @Test("speech that goes on beside an entry does not take its place")
  func speechBeside() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.caller(.digits([.one]), on: 3)) == ["reset"])
    #expect(script.machine.isDetecting(on: RPCID(2), now: script.now) == false)
    #expect(script.play(.speechEnds) == [])
    #expect(script.play(.halfClose(3)) == ["bot digits 1"])
  }

  @Test("other input ends an entry, which is not lost", arguments: [CallerInput.noInput, .digits([.two])])
  func otherInput(input: CallerInput) {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.digits([.one]), on: 2))
    let actions = script.play(.caller(input, on: 3), .halfClose(3))
    #expect(actions.first == "bot digits 1")
    #expect(actions.last == (input == .noInput ? "bot no-input" : "bot digits 2"))
  }

  @Test("an entry whose RPC is lost reaches the bot")
  func lost() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.digits([.one]), on: 2))
    #expect(script.play(.lose(2)) == ["bot digits 1", "bot interrupted at 0"])
  }

  @Test("a client that keys without end is answered after 256 digits")
  func endless() {
    var script = ConversationTurnTests.greeted(.wav)
    var actions: [String] = []
    for _ in 1...256 { actions += script.play(.caller(.digits([.one]), on: 2), .wait(.milliseconds(50))) }
    #expect(actions == ["bot digits " + String(repeating: "1", count: 256)])
  }
}
