import Testing
import WebexProtocol

@Suite("Conversations that are ended by the server: transfers, waiting callers, lost callers")
struct ConversationLeavingTests {
  private static let transferred = [
    "#2 final transferToAgent", "#2 unavailable", "bot ended shutdown", "close shutdown",
  ]

  /// A caller who hears a prompt of two seconds and has no RPC open.
  private static func listening(_ mode: ResponseMode = .wav, endsCall: Bool = false) -> ConversationScript {
    var script = ConversationScript(mode) {
      $0.fallback = .init(prompt: .audio([UInt8](repeating: 0x55, count: 4_000)), endsCall: endsCall)
    }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(16_000)), .bot(.endTurn(nil)), .halfClose(1))
    return script
  }

  @Test(
    "a caller who hears a prompt when the drain's time is over is transferred with the next RPC",
    arguments: [CallerInput.audio, .noInput, .digits([.one]), .custom(name: "x", parameters: [:]), .sessionStart])
  func waitsForTheNextRPC(input: CallerInput) {
    var script = Self.listening()
    #expect(script.play(.shutDown(grace: .seconds(10))) == [])
    #expect(script.play(.wait(.milliseconds(11_900))) == [], "the prompt of two seconds, and then ten")
    #expect(script.play(.caller(input, on: 2)) == Self.transferred)
  }

  @Test("nobody is waited for beyond the prompt's end and the grace")
  func nobodyComes() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(10)))
    #expect(script.play(.wait(.milliseconds(12_100))) == ["bot ended shutdown", "close shutdown"])
  }

  @Test("asked again, nobody is waited for")
  func hurry() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(10)))
    #expect(script.play(.shutDown(grace: nil)) == ["bot ended shutdown", "close shutdown"])
  }

  @Test("keys: START_OF_DTMF is answered with nothing as ever, and the entry with the transfer, however long it takes")
  func keys() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(1)), .wait(.milliseconds(2_500)))
    #expect(script.play(.caller(.startOfDTMF, on: 2), .halfClose(2)) == ["reset", "#2 ok"])
    #expect(script.play(.wait(.seconds(19))) == [])
    #expect(
      script.play(.caller(.digits([.one]), on: 3))
        == ["#3 final transferToAgent", "#3 unavailable", "bot ended shutdown", "close shutdown"])
  }

  @Test("keys: time for an entry is given once")
  func keysForEver() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(1)))
    var ended: [String] = []
    for rpc in 2..<20 where ended.isEmpty {
      script.play(.caller(.startOfDTMF, on: rpc), .halfClose(rpc))
      ended = script.play(.wait(.seconds(5)))
    }
    #expect(ended == ["bot ended shutdown", "close shutdown"])
    #expect(script.now <= .seconds(30))
  }

  @Test("a caller who hangs up meanwhile has hung up")
  func hangUp() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(10)))
    #expect(
      script.play(.caller(.sessionEnd, on: 2)) == ["#2 final", "#2 ok", "bot ended hangup", "close hangup"])
  }

  @Test("a bot that takes its leave meanwhile says where the caller goes")
  func botsOwnTransfer() {
    var script = Self.listening()
    script.play(.shutDown(grace: .seconds(10)), .bot(.end))
    #expect(script.play(.caller(.noInput, on: 2)).contains("close ended"))
  }

  @Test("where the configuration ends calls, the fallback's prompt is heard before the end", arguments: [true, false])
  func fallbackPrompt(isWaiting: Bool) {
    var script = Self.listening(endsCall: true)
    if isWaiting {
      script.play(.shutDown(grace: .seconds(10)))
      #expect(script.play(.caller(.audio, on: 2)).first == "#2 final sessionEnd 4058B!")
    } else {
      script.play(.caller(.audio, on: 2))
      #expect(script.play(.shutDown(grace: .seconds(10))).first == "#2 final sessionEnd 4058B!")
    }
  }

  @Test("the same in chunks")
  func fallbackPromptInChunks() {
    var script = Self.listening(.chunk, endsCall: true)
    script.play(.caller(.audio, on: 2))
    let phrases = script.play(.shutDown(grace: .seconds(10)))
    let chunks = phrases.prefix { $0.hasPrefix("#2 chunk ") }
    let bytes = chunks.compactMap { Int($0.dropFirst("#2 chunk ".count).prefix { $0.isNumber }) }
    #expect(bytes.reduce(0, +) >= 4_000)
    #expect(
      phrases[chunks.endIndex...]
        == ["#2 final sessionEnd 0B!", "#2 unavailable", "bot ended shutdown", "close shutdown"])
  }

  @Test("a call that has lasted too long while its caller hears a prompt is transferred with the next RPC")
  func tooLong() {
    var script = ConversationScript(.wav) { $0.maximumLength = .seconds(10) }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(96_000)), .bot(.endTurn(nil)))
    #expect(script.play(.wait(.seconds(30))) == [], "the prompt has two seconds more than the call")
    #expect(
      script.play(.caller(.audio, on: 2)) == [
        "#2 final transferToAgent", "#2 ok", "bot ended tooLong", "close tooLong",
      ])
  }

  // MARK: Lost callers

  @Test("a conversation whose last RPC was lost is given up sooner than one that is idle")
  func lost() {
    var script = Self.listening()
    script.play(.caller(.audio, on: 2), .wait(.seconds(5)))
    #expect(script.machine.lostSince == nil)
    #expect(script.play(.lose(2), .wait(.seconds(59))) == ["reset"])
    #expect(script.machine.lostSince == .seconds(5))
    #expect(script.play(.wait(.seconds(1))) == ["bot ended lost", "close lost"])
  }

  @Test("a caller who comes back is not lost, and neither is one whose last RPC was completed")
  func back() {
    var script = Self.listening()
    script.play(.caller(.audio, on: 2), .lose(2), .wait(.seconds(50)), .caller(.audio, on: 3))
    #expect(script.machine.lostSince == nil)
    #expect(script.play(.wait(.seconds(100)), .halfClose(3), .wait(.seconds(500))) == ["reset", "#3 ok"])
    #expect(!script.machine.isClosed)
  }

  @Test("of two RPCs one may be lost")
  func oneOfTwo() {
    var script = Self.listening()
    script.play(.caller(.audio, on: 2), .caller(.audio, on: 3), .lose(2), .wait(.seconds(300)))
    #expect(script.machine.lostSince == nil && !script.machine.isClosed)
  }

  @Test("who gives the place up is told so, once")
  func givenUp() {
    var script = Self.listening()
    script.play(.caller(.audio, on: 2), .lose(2))
    let phrases = script.machine.giveUp(now: script.now).map(ConversationScript.phrase)
    #expect(phrases == ["bot ended lost", "close lost"])
    #expect(script.machine.giveUp(now: script.now) == [])
  }
}
