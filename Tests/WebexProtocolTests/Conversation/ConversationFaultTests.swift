import Testing
import WebexProtocol

@Suite("Wire 3: lost lines, half-closes at any point, silent bots, idle calls")
struct ConversationFaultTests {
  @Test("a repeated SESSION_START is answered without a second greeting", arguments: ConversationTurnTests.modes)
  func repeatedStart(mode: ResponseMode) {
    var script = ConversationTurnTests.greeted(mode)
    let answer = mode == .wav ? "#2 final →voiceAndDTMF" : "#2 final →voiceAndDTMF"
    #expect(script.play(.caller(.sessionStart, on: 2), .halfClose(2)).first == answer)
  }

  @Test("a SESSION_START repeated while the greeting is being made waits, and leaves the greeting to the first RPC")
  func overlappingStart() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1))
    #expect(script.play(.caller(.sessionStart, on: 2), .halfClose(2)) == [])
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil))) == ["#1 final 458B →voiceAndDTMF", "#1 ok"])
    #expect(script.play(.settle(1, delivered: true)) == ["#2 final →voiceAndDTMF", "#2 ok"])
  }

  @Test(
    "a SESSION_START that came before the first one was seen to be cancelled is greeted", arguments: [false, true])
  func overlappingStartOfCancelled(isSent: Bool) {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(400)))
    if isSent { script.play(.bot(.endTurn(nil))) }
    #expect(script.play(.caller(.sessionStart, on: 2), .halfClose(2), .caller(.sessionStart, on: 3)) == [])
    let cancelled = isSent ? script.play(.settle(1, delivered: false)) : script.play(.lose(1))
    #expect(cancelled == ["bot interrupted at 0", "bot started"])
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil))) == ["#2 final 458B →voiceAndDTMF", "#2 ok"])
    #expect(script.play(.settle(2, delivered: true)) == ["#3 final →voiceAndDTMF", "#3 ok"])
  }

  @Test("a SESSION_START that waits is answered when the caller goes on over the greeting, and goes with its RPC")
  func overlappingStartEnds() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1), .caller(.sessionStart, on: 2), .caller(.sessionStart, on: 3))
    #expect(script.play(.lose(3)) == [])
    let interrupted = script.play(.caller(.noInput, on: 4))
    #expect(interrupted.filter { $0.hasPrefix("#2") } == ["#2 final →voiceAndDTMF", "#2 ok"])
    #expect(!interrupted.contains { $0.hasPrefix("#3") })
    script.play(.caller(.sessionStart, on: 5))
    let ended = script.play(.shutDown(grace: .seconds(10)))
    #expect(ended.contains("#5 unavailable") == false, "answered at once: the greeting is over")
  }

  @Test("a SESSION_START after the first one failed is greeted anew")
  func startAfterFailure() {
    var script = ConversationScript(.wav)
    script.play(.caller(.sessionStart, on: 1))
    #expect(script.play(.lose(1)) == ["bot interrupted at 0"])
    #expect(script.play(.caller(.sessionStart, on: 2)) == ["bot started"])
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil))) == ["#2 final 458B →voiceAndDTMF", "#2 ok"])
  }

  @Test(
    "a SESSION_START after a greeting that was sent and never arrived is greeted anew",
    arguments: ConversationTurnTests.modes)
  func startAfterUndeliveredGreeting(mode: ResponseMode) {
    var script = ConversationScript(mode)
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(400)), .bot(.endTurn(nil)))
    #expect(script.play(.settle(1, delivered: false)) == [])
    #expect(script.play(.caller(.sessionStart, on: 2)).contains("bot started"))
    #expect(script.play(.bot(.speech(400)), .bot(.endTurn(nil)), .settle(2, delivered: true)).last == "#2 ok")
    #expect(script.play(.caller(.sessionStart, on: 3)) == ["#3 final →voiceAndDTMF", "#3 ok"])
  }

  @Test("an answer other than the greeting that never arrived brings no second greeting")
  func undeliveredAnswer() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.noInput, on: 2), .bot(.speech(400)), .bot(.endTurn(nil)))
    #expect(script.play(.settle(2, delivered: false)) == [])
    #expect(script.play(.caller(.sessionStart, on: 3)) == ["#3 final →voiceAndDTMF", "#3 ok"])
  }

  @Test("a conversation that begins with audio is served; a late SESSION_START is greeted")
  func resumed() {
    var script = ConversationScript(.wav)
    #expect(script.play(.caller(.audio, on: 5)) == ["reset"])
    #expect(script.play(.caller(.sessionStart, on: 6)) == ["bot started"])
    #expect(script.play(.bot(.endTurn(nil))) == ["#6 final →voiceAndDTMF", "#6 ok"])
    #expect(script.play(.speechStarts) == ["#5 final startOfInput", "bot speech"])
  }

  @Test("a half-close before any speech completes the RPC; before any message too")
  func earlyHalfClose() {
    var script = ConversationTurnTests.greeted(.wav)
    #expect(script.play(.caller(.audio, on: 2), .halfClose(2)) == ["reset", "reset", "#2 ok"])
    #expect(script.play(.halfClose(3)) == ["#3 ok"])
  }

  @Test("a half-close in the middle of speech ends the caller's turn", arguments: ConversationTurnTests.modes)
  func halfCloseWhileSpeaking(mode: ResponseMode) {
    var script = ConversationTurnTests.greeted(mode)
    script.play(.caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.halfClose(2)) == ["#2 \(mode == .wav ? "final" : "chunk") endOfInput", "bot silence"])
    #expect(script.play(.bot(.endTurn(nil))).last == "#2 ok")
  }

  @Test("abort: nothing is sent on an RPC that is gone; the call goes on with the next")
  func lostLines() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .speechStarts)
    #expect(script.play(.lose(2)) == ["reset", "reset"])
    script.play(.caller(.audio, on: 3), .speechStarts, .speechEnds)
    #expect(script.play(.lose(3)) == ["bot interrupted at 0"])
    #expect(script.play(.lateBot(.speech(400), turnsBehind: 1), .lateBot(.endTurn(nil), turnsBehind: 1)) == [])
    #expect(script.play(.caller(.noInput, on: 4)) == ["bot no-input"])
    #expect(script.play(.lose(9)) == [])
  }

  @Test("R3: a bot that does not answer in time costs a transfer, not dead air", arguments: ConversationTurnTests.modes)
  func silentBot(mode: ResponseMode) {
    var script = ConversationTurnTests.greeted(mode)
    script.play(.caller(.noInput, on: 2))
    #expect(script.play(.wait(.milliseconds(4999))) == [])
    let empty = mode == .chunk ? " 0B!" : ""
    #expect(
      script.play(.wait(.milliseconds(1))) == [
        "#2 final transferToAgent\(empty)", "#2 ok", "bot ended botFailed", "close botFailed",
      ])
  }

  @Test("a bot that spoke and forgot to end its turn has ended it")
  func forgottenEndOfTurn() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.noInput, on: 2), .bot(.speech(800)))
    #expect(script.play(.wait(.seconds(6))) == ["#2 final 858B →voiceAndDTMF", "#2 ok"])
  }

  @Test("R3: a bot that trickles has not answered", arguments: ConversationTurnTests.modes)
  func drip(mode: ResponseMode) {
    var script = ConversationTurnTests.greeted(mode)
    script.play(.caller(.noInput, on: 2))
    for _ in 1...4 { script.play(.wait(.seconds(1)), .bot(.speech(1))) }
    let last = script.play(.wait(.seconds(1)))
    #expect(last.contains("close botFailed"))
    #expect(last.first?.hasPrefix("#2 final transferToAgent") == true)
  }

  @Test("nobody waits much longer for a WAV answer than for the first of any other")
  func slowAnswer() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.noInput, on: 2))
    var said: [String] = []
    // The bot speaks in real time and goes on and on.
    for _ in 0..<79 { said += script.play(.bot(.speech(800)), .wait(.milliseconds(100))) }
    #expect(said == [])
    #expect(script.play(.wait(.milliseconds(100))) == ["#2 final 63258B →voiceAndDTMF", "#2 ok"])
  }

  @Test("R3: the caller of a bot that failed hears the fallback instead of what the bot had not said yet")
  func fallback() {
    var script = ConversationScript(.wav) {
      $0.fallback = .init(prompt: .audio([UInt8](repeating: 0x55, count: 1000)))
    }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(4000)))
    #expect(
      script.play(.botLeaves(inOrder: false)) == [
        "#1 final transferToAgent 1058B!", "#1 ok", "bot ended botFailed", "close botFailed",
      ])
  }

  @Test("R3: in chunks, the fallback follows what is being played", arguments: [false, true])
  func fallbackInChunks(endsCall: Bool) {
    var script = ConversationScript(.chunk) { $0.fallback = .init(prompt: .text("Sorry."), endsCall: endsCall) }
    script.play(.caller(.sessionStart, on: 1), .bot(.speech(4000)))
    #expect(
      script.play(.botLeaves(inOrder: false)) == [
        "#1 chunk \"Sorry.\"!", "#1 final \(endsCall ? "sessionEnd" : "transferToAgent") 0B!", "#1 ok",
        "bot ended botFailed", "close botFailed",
      ])
  }

  @Test("a bot that fails after it has taken its leave has left all the same")
  func failureAfterLeave() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.bot(.transfer(summary: nil, metadata: [:])), .botLeaves(inOrder: false))
    #expect(script.play(.caller(.audio, on: 2)).contains("close transferred"))
  }

  @Test("R3: a bot that fails hands the caller over, at once or on the next line")
  func failedBot() {
    var script = ConversationTurnTests.greeted(.wav)
    #expect(script.play(.botLeaves(inOrder: false)) == [])
    #expect(
      script.play(.caller(.audio, on: 2)) == [
        "reset", "reset", "#2 final transferToAgent", "#2 ok", "bot ended botFailed", "close botFailed",
      ])
  }

  @Test("a conversation without any RPC ends after the idle time, one with an RPC does not")
  func idle() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .wait(.seconds(3600)))
    #expect(!script.machine.isClosed)
    script.play(.halfClose(2))
    #expect(script.play(.wait(.seconds(599))) == [])
    #expect(script.play(.wait(.seconds(1))) == ["bot ended idle", "close idle"])
  }

  @Test("H9: a conversation that lasts too long ends in a transfer, even with an open RPC")
  func tooLong() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2), .wait(.seconds(4 * 3600 - 2)))
    #expect(!script.machine.isClosed)
    #expect(
      script.play(.wait(.seconds(2))) == [
        "#2 final transferToAgent", "#2 ok", "bot ended tooLong", "close tooLong",
      ])
  }

  @Test("S2: what marks the caller's input as sensitive stays on every response until the bot clears it")
  func sensitiveInput() {
    var script = ConversationScript(.chunk)
    script.play(.caller(.sessionStart, on: 1), .bot(.sensitive(true)))
    #expect(script.play(.bot(.endTurn(nil))).first == "#1 final 0B! →voiceAndDTMF sensitive")
    script.play(.caller(.audio, on: 2))
    #expect(script.play(.speechStarts).first == "#2 final startOfInput sensitive")
    #expect(script.play(.speechEnds).first == "#2 chunk endOfInput sensitive")
    script.play(.bot(.sensitive(false)))
    #expect(script.play(.bot(.endTurn(nil))).first == "#2 final 0B! →voiceAndDTMF")
  }

  @Test("R1: at the end of a drain the caller is transferred and the RPCs are unavailable")
  func shutDown() {
    var script = ConversationTurnTests.greeted(.wav)
    script.play(.caller(.audio, on: 2))
    #expect(
      script.play(.shutDown(grace: .seconds(10))) == [
        "#2 final transferToAgent", "#2 unavailable", "bot ended shutdown", "close shutdown",
      ])
  }

  @Test("a conversation takes no more RPCs than a platform needs")
  func tooManyRPCs() {
    var script = ConversationTurnTests.greeted(.wav)
    for rpc in 2...9 { script.play(.caller(.audio, on: rpc)) }
    #expect(script.play(.caller(.audio, on: 10)) == ["#10 tooManyCalls"])
  }

  @Test("any order of inputs leaves each RPC completed exactly once", arguments: 0..<200)
  func anyOrder(seed: UInt64) {
    var random = SplitMix(state: seed)
    var script = ConversationScript(seed.isMultiple(of: 2) ? .wav : .chunk)
    var completed: [RPCID: Int] = [:]
    var lost: Set<Int> = []
    var unsettled: [RPCID] = []
    var rpc = 1
    func check(_ actions: [ConversationAction]) {
      for action in script.carriedOut(actions) {
        if case .finish(let id, _) = action {
          completed[id, default: 0] += 1
          if script.machine.awaitsDelivery(on: id) { unsettled.append(id) }
        }
        if case .send(let id, _) = action { #expect(completed[id] == nil, "sent on a completed RPC") }
      }
    }
    for _ in 0..<300 where !script.machine.isClosed {
      let now = script.now
      // The owner's part of the contract: a completed RPC takes no further input.
      while completed[RPCID(UInt64(rpc))] != nil { rpc += 1 }
      let id = RPCID(UInt64(rpc))
      switch random.next() % 18 {
      case 0: rpc += 1
      case 1: check(script.machine.received(.sessionStart, on: id, now: now)); rpc += 1
      case 2, 3: check(script.machine.received(.audio, on: id, now: now))
      case 4: check(script.machine.speechStarted(offset: 0, now: now))
      case 5: check(script.machine.speechEnded(offset: 0, now: now))
      case 6: check(script.machine.received(.startOfDTMF, on: id, now: now)); rpc += 1
      case 7: check(script.machine.received(.digits([.one]), on: id, now: now)); rpc += 1
      case 8: check(script.machine.bot(.speech(4000), turn: script.machine.turn, now: now))
      case 9: check(script.machine.bot(.endTurn(nil), turn: script.machine.turn, now: now))
      case 10: script.now += .milliseconds(400); check(script.machine.tick(now: script.now))
      case 11: check(script.machine.lost(id, now: now)); lost.insert(rpc); rpc += 1
      case 12: check(script.machine.halfClosed(id, speechOffset: 0, now: now)); rpc += 1
      case 13: check(script.machine.speechPaused(offset: 0, now: now))
      case 14: check(script.machine.speechResumed(now: now))
      case 15: check(script.machine.bot(.speech(4000), turn: script.machine.turn - 1, now: now))
      case 16:
        guard let first = unsettled.popLast() else { continue }
        check(script.machine.greetingSettled(first, isDelivered: random.next().isMultiple(of: 2), now: now))
      default: check(script.machine.received(.noInput, on: id, now: now)); rpc += 1
      }
    }
    check(script.machine.shutDown(grace: nil, now: script.now))
    #expect(completed.values.allSatisfy { $0 == 1 })
    #expect(lost.allSatisfy { completed[RPCID(UInt64($0))] == nil })
  }
}

/// A small reproducible generator.
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
