import BotEngine
import Testing
import WebexProtocol

@Suite("Wire 3: one conversation, many RPCs")
struct ConversationTurnTests {
  static let modes: [ResponseMode] = [.wav, .chunk]

  /// A conversation whose greeting is over and has been heard.
  static func greeted(_ mode: ResponseMode) -> ConversationScript {
    var script = ConversationScript(mode)
    script.play(
      .caller(.sessionStart, on: 1), .halfClose(1), .bot(.endTurn(nil)), .settle(1, delivered: true),
      .wait(.seconds(1)))
    return script
  }

  /// How an answer without any output reads in a mode.
  static func silentFinal(_ mode: ResponseMode) -> String {
    mode == .wav ? "final →voiceAndDTMF" : "final 0B! →voiceAndDTMF"
  }

  @Test("start: the greeting is one final answer with all prompts in WAV mode")
  func greetingInWAV() {
    var script = ConversationScript(.wav)
    #expect(script.play(.caller(.sessionStart, on: 1), .halfClose(1)) == ["bot started"])
    #expect(script.play(.bot(.speech(800)), .bot(.speech(800)), .bot(.text("Hello", bargeIn: true))) == [])
    #expect(script.play(.bot(.endTurn(nil))) == ["#1 final 1658B \"Hello\" →voiceAndDTMF", "#1 ok"])
  }

  @Test("start: the greeting is chunks and an empty final in CHUNK mode")
  func greetingInChunks() {
    var script = ConversationScript(.chunk)
    #expect(script.play(.caller(.sessionStart, on: 1), .halfClose(1)) == ["bot started"])
    #expect(script.play(.bot(.speech(12_000))) == ["#1 chunk 1600B", "#1 chunk 8000B"])
    #expect(script.play(.bot(.endTurn(nil))) == ["#1 chunk 2400B", "#1 final 0B! →voiceAndDTMF", "#1 ok"])
  }

  @Test("what a bot says is not to be cancelled is marked so to the end of its turn, and the next turn is not")
  func promptCancellation() {
    var chunks = ConversationScript(.chunk)
    chunks.play(.caller(.sessionStart, on: 1), .halfClose(1))
    #expect(chunks.play(.bot(.speech(3200))) == ["#1 chunk 1600B"])
    #expect(
      chunks.play(.bot(.speech(800, disablesPromptCancellation: true)), .bot(.endTurn(nil))) == [
        "#1 chunk 2400B uncancelled", "#1 final 0B! →voiceAndDTMF uncancelled", "#1 ok",
      ])
    var whole = ConversationScript(.wav)
    whole.play(
      .caller(.sessionStart, on: 1), .halfClose(1), .bot(.text("", bargeIn: true, disablesPromptCancellation: true)),
      .bot(.speech(800)))
    #expect(whole.play(.bot(.endTurn(nil))) == ["#1 final 858B →voiceAndDTMF uncancelled", "#1 ok"])
    whole.play(.caller(.noInput, on: 2), .halfClose(2), .bot(.speech(800)))
    #expect(whole.play(.bot(.endTurn(nil))) == ["#2 final 858B →voiceAndDTMF", "#2 ok"])
  }

  @Test("voice: START_OF_INPUT, END_OF_INPUT and the answer, each once", arguments: modes)
  func spokenTurn(mode: ResponseMode) {
    var script = Self.greeted(mode)
    #expect(script.play(.caller(.audio, on: 2)) == ["reset"])
    #expect(script.play(.caller(.audio, on: 2)) == [])
    #expect(script.play(.speechStarts) == ["#2 final startOfInput", "bot speech"])
    #expect(script.play(.speechStarts) == [])
    #expect(script.play(.speechEnds) == ["#2 \(mode == .wav ? "final" : "chunk") endOfInput", "bot silence"])
    #expect(script.play(.speechEnds, .halfClose(2)) == [])
    let chunk = mode == .chunk ? ["#2 chunk 400B"] : []
    let final = mode == .wav ? "#2 final 458B →voiceAndDTMF" : "#2 final 0B! →voiceAndDTMF"
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil))) == chunk + [final, "#2 ok"])
  }

  @Test("voice: the answer may come before the half-close", arguments: modes)
  func answerBeforeHalfClose(mode: ResponseMode) {
    var script = Self.greeted(mode)
    script.play(.caller(.audio, on: 2), .speechStarts, .speechEnds)
    #expect(script.play(.bot(.endTurn(nil))) == ["#2 \(Self.silentFinal(mode))", "#2 ok"])
    #expect(script.machine.isDetecting(on: RPCID(2), now: script.now) == false)
  }

  @Test("dtmf: START_OF_DTMF by itself gets nothing, all digits get an answer", arguments: modes)
  func digits(mode: ResponseMode) {
    var script = Self.greeted(mode)
    #expect(script.play(.caller(.startOfDTMF, on: 2), .halfClose(2)) == ["reset", "#2 ok"])
    #expect(script.machine.isKeying(script.now))
    #expect(script.play(.caller(.digits([.one, .zero, .pound]), on: 3), .halfClose(3)) == ["bot digits 10#"])
    #expect(!script.machine.isKeying(script.now))
    #expect(script.play(.bot(.endTurn(nil))) == ["#3 \(Self.silentFinal(mode))", "#3 ok"])
  }

  @Test("Wire 7: no digits are no input")
  func emptyDigits() {
    var script = Self.greeted(.wav)
    #expect(script.play(.caller(.digits([]), on: 2), .halfClose(2)) == ["bot no-input"])
  }

  @Test("Wire 7: during an entry no speech is looked for, on any RPC, until the digits come")
  func noDetectionWhileKeying() {
    var script = Self.greeted(.wav)
    script.play(.caller(.audio, on: 2))
    #expect(script.machine.isDetecting(on: RPCID(2), now: script.now))
    script.play(.caller(.startOfDTMF, on: 3), .halfClose(3))
    #expect(!script.machine.isDetecting(on: RPCID(2), now: script.now))
    #expect(script.play(.speechStarts) == [])
    script.play(.caller(.digits([.one]), on: 4), .halfClose(4), .bot(.endTurn(nil)))
    #expect(script.machine.isDetecting(on: RPCID(2), now: script.now))
  }

  @Test("Wire 7: an entry whose digits never come does not deafen the call")
  func abandonedEntry() {
    var script = Self.greeted(.wav)
    script.play(.caller(.startOfDTMF, on: 2), .halfClose(2), .caller(.audio, on: 3))
    #expect(!script.machine.isDetecting(on: RPCID(3), now: script.now))
    script.play(.wait(.seconds(21)))
    #expect(script.machine.isDetecting(on: RPCID(3), now: script.now))
  }

  @Test("no-in: a re-prompt is a final answer, never the NO_INPUT event", arguments: modes)
  func noInput(mode: ResponseMode) {
    var script = Self.greeted(mode)
    #expect(script.play(.caller(.noInput, on: 2), .halfClose(2)) == ["bot no-input"])
    #expect(script.play(.bot(.endTurn(nil))) == ["#2 \(Self.silentFinal(mode))", "#2 ok"])
  }

  @Test("xfer: announcement and event in one response in WAV mode, not to be interrupted, no input settings")
  func transferInWAV() {
    var script = Self.greeted(.wav)
    script.play(.caller(.digits([.zero]), on: 2), .halfClose(2), .bot(.speech(400)))
    #expect(
      script.play(.bot(.transfer(summary: "s", metadata: [:]))) == [
        "#2 final transferToAgent 458B!", "#2 ok", "bot ended transferred", "close transferred",
      ])
  }

  @Test("xfer: the announcement goes before the terminal final in CHUNK mode")
  func transferInChunks() {
    var script = Self.greeted(.chunk)
    script.play(.caller(.digits([.zero]), on: 2), .halfClose(2), .bot(.speech(1000)))
    #expect(
      script.play(.bot(.transfer(summary: nil, metadata: [:]))) == [
        "#2 chunk 1000B!", "#2 final transferToAgent 0B!", "#2 ok", "bot ended transferred", "close transferred",
      ])
  }

  @Test("Wire 6: summary in the event's metadata and in session_summary, transcript on the last response")
  func handOver() throws {
    var script = Self.greeted(.wav)
    script.play(.caller(.digits([.zero]), on: 2), .wait(.milliseconds(100)))
    script.play(.bot(.transcript(speaker: .caller, text: "help")), .bot(.transcript(speaker: .agent, text: "yes")))
    let output = BotCommand.transfer(summary: "wants help", metadata: ["queue": .string("sales")])
    let actions = script.machine.bot(output, turn: script.machine.turn, now: script.now)
    guard case .send(_, let response)? = actions.first else { return #expect(Bool(false), "nothing was sent") }
    #expect(response.summary == "wants help")
    #expect(response.transcript == "caller: help\nagent: yes")
    #expect(response.events.first?.metadata == ["queue": .string("sales"), "summary": .string("wants help")])
    #expect(response.inputMode == nil && response.inputHandling == nil)
  }

  @Test("end: the RPC is completed at once, whatever is still arriving", arguments: modes)
  func end(mode: ResponseMode) {
    var script = Self.greeted(mode)
    script.play(.caller(.audio, on: 2), .speechStarts)
    let empty = mode == .chunk ? " 0B!" : ""
    #expect(
      script.play(.bot(.end)) == ["#2 final sessionEnd\(empty)", "#2 ok", "bot ended ended", "close ended"])
    #expect(script.play(.caller(.audio, on: 3)) == ["#3 ok"])
  }

  @Test("hangup: an empty response, and every open RPC is completed", arguments: modes)
  func hangup(mode: ResponseMode) {
    var script = Self.greeted(mode)
    script.play(.caller(.audio, on: 2))
    #expect(
      script.play(.caller(.sessionEnd, on: 3)) == ["#3 final", "#2 ok", "#3 ok", "bot ended hangup", "close hangup"])
  }

  @Test("custom events are answered; an event of the bot comes with the end of its turn")
  func customEvents() {
    var script = Self.greeted(.wav)
    #expect(script.play(.caller(.custom(name: "menu", parameters: [:]), on: 2)) == ["bot event menu"])
    #expect(
      script.play(.bot(.customEvent(name: "paid", metadata: [:])), .bot(.endTurn(nil))) == [
        "#2 final custom:paid →voiceAndDTMF", "#2 ok",
      ])
  }

  @Test("P4: an unknown event is tolerated and counted")
  func unknownEvent() {
    var script = Self.greeted(.wav)
    #expect(script.play(.caller(.unknown, on: 2), .halfClose(2)) == ["#2 ok"])
    #expect(script.machine.drops.unknownEvents == 1)
  }
}
