import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("The calling party")
struct CallerTests {
  @Test("Wire 3: a call starts with SESSION_START in an RPC of its own, half-closed at once")
  func sessionStart() {
    let rig = CallRig([])
    #expect(
      rig.actions == [
        .tell(.sessionStart), .open(rpc: 1), .send(rpc: 1, input: .event(.init(.sessionStart))), .halfClose(rpc: 1),
      ])
  }

  @Test("Wire 3: speech is an RPC of 20 ms frames, silence before it, until END_OF_INPUT; then half-close and FINAL")
  func spokenTurn() {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(bargeIn: false), after: .milliseconds(40))
    // The greeting may not be interrupted, so the platform listens when it has been played.
    rig.pass(until: .milliseconds(1039))
    #expect(rig.opened[2] == nil)
    rig.pass(until: .milliseconds(1040))
    #expect(rig.opened[2] == .milliseconds(1040))
    // The caller reacts after 300 ms; speech begins 100 ms into the clip.
    rig.pass(until: .milliseconds(1600))
    let silent = rig.frames[2]?.prefix { $0 == .silence }.count
    #expect(silent == 15)
    #expect(rig.frames[2]?.count == 28)
    rig.server(.startOfInput, on: 2)
    rig.pass(until: .milliseconds(3000))
    // 50 frames of the clip, then silence again.
    #expect(rig.frames[2]?.filter { $0 != .silence }.count == 50)
    #expect(rig.frames[2]?.last == .silence)
    let count = rig.frames[2]?.count
    rig.server(.endOfInput, on: 2)
    #expect(rig.halfClosed[2] == .milliseconds(3000))
    rig.answer(2, after: .milliseconds(50))
    let turn = rig.caller.turns[1]
    #expect(turn.kind == .speech(clip: 0))
    #expect(turn.result == .answered)
    #expect(turn.speechStart == .milliseconds(1440))
    #expect(turn.speechEnd == .milliseconds(2240))
    #expect(turn.startDelay == .milliseconds(160))
    #expect(turn.endDelay == .milliseconds(760))
    #expect(turn.answerAfterEnd == .milliseconds(50))
    #expect(turn.answerLatency == .milliseconds(810))
    #expect(rig.frames[2]?.count == count)
    #expect(rig.violations == [])
  }

  @Test("Wire 3: when the plan is done and the last prompt played, SESSION_END ends the call")
  func hangUp() {
    var rig = CallRig([])
    rig.answer(1)
    rig.pass(until: .milliseconds(1299))
    // A prompt that may be interrupted: the platform listens meanwhile.
    #expect(rig.rpc == 2)
    rig.pass(.milliseconds(1))
    #expect(rig.sent[3] == [.event(.init(.sessionEnd))])
    #expect(rig.halfClosed.keys.sorted() == [1, 2, 3])
    rig.complete(2)
    #expect(rig.outcomes == [])
    rig.server(VoiceResponse(), on: 3)
    rig.complete(3)
    #expect(rig.outcomes == [.hungUp])
    #expect(rig.caller.nextWake == nil)
  }

  @Test("A server that does not complete SESSION_END does not hold the caller")
  func hangUpTimesOut() {
    var rig = CallRig([])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.seconds(6))
    #expect(rig.outcomes == [.hungUp])
    #expect(rig.cancelled.contains(3))
    #expect(rig.caller.brokenRPCs.contains(.init(.noAnswer, during: .sessionEnd)))
    #expect(rig.caller.brokenRPCs.contains(.init(.notCompleted, during: .audio)))
  }

  @Test("Wire 3 and 6: prompts in chunks play one after the other, and the empty FINAL ends the answer")
  func chunks() {
    var rig = CallRig([.speak(clip: 0)])
    rig.server(.chunk(milliseconds: 200, bargeIn: false), on: 1)
    rig.pass(.milliseconds(10))
    rig.server(.chunk(milliseconds: 1000, bargeIn: false), on: 1)
    rig.answer(1, .chunksEnd)
    #expect(rig.caller.turns[0].firstAudio == .zero)
    #expect(rig.caller.turns[0].answerLength == .milliseconds(1200))
    rig.pass(until: .milliseconds(1199))
    #expect(rig.rpc == 1)
    rig.pass(.milliseconds(1))
    #expect(rig.rpc == 2)
    rig.pass(until: .milliseconds(2000))
    rig.server(.startOfInput, on: 2)
    rig.pass(until: .milliseconds(3500))
    rig.server(.endOfInputChunk, on: 2)
    rig.server(.chunk(milliseconds: 300), on: 2)
    rig.pass(.milliseconds(500))
    rig.server(.chunk(milliseconds: 300), on: 2)
    rig.answer(2, .chunksEnd)
    #expect(rig.caller.turns[1].result == .answered)
    #expect(rig.caller.turns[1].gaps == .milliseconds(200))
    #expect(rig.events.contains(.gap(.milliseconds(200))))
    #expect(rig.violations == [])
  }

  @Test("Wire 3: in WAV mode a caller who interrupts is heard in an RPC that opens while the prompt plays")
  func bargeIn() {
    var rig = CallRig([.speak(clip: 0)]) { $0.bargeIn = .milliseconds(400) }
    rig.answer(1, .answer(milliseconds: 3000))
    rig.pass(until: .milliseconds(700))
    #expect(rig.opened[2] == .zero)
    rig.server(.startOfInput, on: 2)
    #expect(rig.events.contains(.promptsCut(unheard: .milliseconds(2300))))
    #expect(rig.caller.turns[1].bargedIn)
    #expect(rig.caller.turns[1].began == .milliseconds(400))
    let heard = rig.caller.timeline.samples(of: .agent)
    #expect(heard.count == 700 * 8)
    #expect(heard.allSatisfy { $0 == 5000 })
  }

  @Test("Wire 3: in CHUNK mode two RPCs are open at a barge-in, and the older one's audio is heard no more")
  func bargeInOverlapping() {
    var rig = CallRig([.speak(clip: 0)]) { $0.bargeIn = .milliseconds(500) }
    rig.server(.chunk(milliseconds: 1000), on: 1)
    rig.pass(until: .milliseconds(400))
    #expect(rig.rpc == 1)
    rig.pass(until: .milliseconds(800))
    #expect(rig.rpc == 2)
    #expect(rig.caller.openRPCs == 2)
    rig.server(.chunk(milliseconds: 1000), on: 1)
    rig.server(.startOfInput, on: 2)
    rig.server(.chunk(milliseconds: 1000), on: 1)
    #expect(rig.caller.timeline.samples(of: .agent).count == 800 * 8)
    // The old RPC may end as it likes.
    rig.complete(1)
    rig.pass(until: .milliseconds(2600))
    rig.server(.endOfInputChunk, on: 2)
    rig.server(.chunk(milliseconds: 500), on: 2)
    rig.answer(2, .chunksEnd)
    #expect(rig.caller.turns.map(\.kind) == [.greeting, .speech(clip: 0)])
    #expect(rig.caller.turns[1].result == .answered)
    #expect(rig.outcomes == [])
    #expect(rig.violations == [])
  }

  @Test("A prompt that may not be interrupted is played to its end, whatever the caller wants")
  func noBargeIn() {
    var rig = CallRig([.speak(clip: 0)]) { $0.bargeIn = .milliseconds(400) }
    rig.answer(1, .answer(milliseconds: 2000, bargeIn: false))
    rig.pass(until: .milliseconds(2310))
    #expect(rig.opened[2] == .seconds(2))
    #expect(!rig.caller.turns[1].bargedIn)
    #expect(rig.caller.turns[1].began == .milliseconds(2300))
  }

  @Test("Wire 3: keys are START_OF_DTMF in an RPC of its own, then all of them in another")
  func keys() {
    var rig = CallRig([.press([.one, .two, .pound])])
    let handling = InputHandling(dtmf: .init(terminator: .pound))
    rig.answer(1, .answer(milliseconds: 0, mode: .dtmf, handling: handling))
    rig.pass(until: .milliseconds(300))
    #expect(rig.sent[2] == [.event(.init(.startOfDTMF))])
    rig.complete(2)
    rig.pass(until: .milliseconds(699))
    #expect(rig.rpc == 2)
    rig.pass(.milliseconds(1))
    #expect(rig.sent[3] == [.dtmf([.one, .two, .pound])])
    #expect(rig.halfClosed[3] == .milliseconds(700))
    rig.answer(3, after: .milliseconds(30))
    #expect(rig.caller.turns[1].kind == .digits(count: 3))
    #expect(rig.caller.turns[1].answerLatency == .milliseconds(30))
    #expect(rig.violations == [])
  }

  @Test("Wire 7: keys over a prompt are START_OF_DTMF on the open audio RPC, and cut the prompt")
  func keysOverPrompt() {
    var rig = CallRig([.press([.five])]) { $0.bargeIn = .milliseconds(500) }
    rig.answer(1, .answer(milliseconds: 2000, handling: .init(dtmf: .init(length: 1))))
    rig.pass(until: .milliseconds(510))
    #expect(rig.sent[2] == [.event(.init(.startOfDTMF))])
    #expect(rig.halfClosed[2] == .milliseconds(500))
    #expect(rig.sent[3] == [.dtmf([.five])])
    #expect(rig.events.contains(.promptsCut(unheard: .milliseconds(1500))))
  }

  @Test(
    "Wire 7: an entry is over at its length, its terminator, or when the inter-digit timer fires",
    arguments: [
      (InputHandling.DTMF(length: 2), 200, [DTMFKey.one, .two]),
      (.init(terminator: .pound), 600, [.one, .two, .three, .pound]),
      (.init(interDigitTimeout: 1000), 1600 + 200, [.one, .two, .three, .pound, .four]),
      (.init(), 3800, [.one, .two, .three, .pound, .four]),
      (.init(terminator: .pound, length: 8), 600, [.one, .two, .three, .pound]),
    ])
  func entry(dtmf: InputHandling.DTMF, milliseconds: Int, keys: [DTMFKey]) {
    var rig = CallRig([.press([.one, .two, .three, .pound, .four])])
    rig.answer(1, .answer(milliseconds: 0, mode: .dtmf, handling: .init(dtmf: dtmf)))
    rig.pass(.milliseconds(300))
    rig.complete(2)
    rig.pass(.milliseconds(milliseconds - 1))
    #expect(rig.rpc == 2)
    rig.pass(.milliseconds(1))
    #expect(rig.sent[3] == [.dtmf(keys)])
  }

  @Test("Wire 4: with INPUT_EVENT_DTMF no audio RPC is opened; speech is not collected then")
  func digitsOnly() {
    var rig = CallRig([.speak(clip: 0), .stayQuiet])
    rig.answer(1, .answer(mode: .dtmf, handling: .init(speechTimers: .init(noInput: 2000))))
    rig.pass(.seconds(2))
    #expect(rig.rpc == 1)
    #expect(rig.caller.turns[1].result == .notCollected)
    rig.pass(until: .milliseconds(3000))
    #expect(rig.sent[2] == [.event(.init(.noInput))])
  }

  @Test("Keys that a voice-only turn does not collect are not sent")
  func voiceOnly() {
    var rig = CallRig([.press([.one])])
    rig.answer(1, .answer(milliseconds: 0, mode: .voice))
    rig.pass(.milliseconds(700))
    #expect(rig.caller.turns[1].result == .notCollected)
    #expect(!rig.sent.values.joined().contains(.event(.init(.startOfDTMF))))
  }

  @Test("Wire 3: silence until the no-input timer is NO_INPUT in an RPC of its own")
  func noInput() {
    var rig = CallRig([.stayQuiet])
    rig.answer(1, .answer(milliseconds: 0, handling: .init(speechTimers: .init(noInput: 3000))))
    rig.pass(until: .milliseconds(2999))
    #expect(rig.frames[2]?.count == 149)
    rig.pass(.milliseconds(1))
    #expect(rig.sent[3] == [.event(.init(.noInput))])
    #expect(rig.halfClosed[2] == .seconds(3))
    rig.complete(2)
    rig.answer(3, after: .milliseconds(20))
    #expect(rig.caller.turns[1].kind == .noInput)
    #expect(rig.caller.turns[1].answerLatency == .milliseconds(20))
    rig.pass(until: .milliseconds(4400))
    rig.complete(4)
    rig.complete(5)
    #expect(rig.outcomes == [.hungUp])
  }

  @Test("Speech that the server does not notice ends with the no-input timer")
  func unheard() {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(until: .milliseconds(5000))
    #expect(rig.caller.turns[1].result == .unheard)
    #expect(rig.sent[3] == [.event(.init(.noInput))])
    #expect(rig.caller.turns[2].kind == .noInput)
  }

  @Test("A server that takes silence for speech has a turn of its own, unless the caller speaks into it")
  func falseStart() {
    var rig = CallRig([.wait(.milliseconds(500)), .speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(until: .milliseconds(200))
    rig.server(.startOfInput, on: 2)
    #expect(rig.caller.turns[1].kind == .unintended)
    rig.server(.endOfInput, on: 2)
    rig.answer(2, .answer(milliseconds: 0))
    #expect(rig.caller.turns[1].result == .answered)
    rig.pass(until: .milliseconds(900))
    rig.server(.startOfInput, on: 3)
    rig.pass(until: .milliseconds(1300))
    #expect(rig.caller.turns.count == 3)
    #expect(rig.caller.turns[2].kind == .speech(clip: 0))
    #expect(rig.caller.turns[2].startDelay.map { $0 < .zero } == true)
  }

  @Test("A turn that ends in a pause is timed from the beginning of that pause, and tells what was not said")
  func endInPause() throws {
    let first = SpokenClip.tone(milliseconds: 600, lead: 0, tail: 0)
    let samples = first.samples + [Int16](repeating: 0, count: 8 * 900) + first.samples
    let clip = SpokenClip(name: "pause", samples: samples, telephone: samples, format: .telephone)
    var rig = CallRig([.speak(clip: 0)], clips: [clip])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(until: .milliseconds(600))
    let began = try #require(rig.caller.turns.last?.began)
    rig.server(.startOfInput, on: 2)
    rig.pass(until: began + .milliseconds(1310))
    rig.server(.endOfInput, on: 2)
    rig.answer(2, .answer(milliseconds: 0), after: .milliseconds(10))
    #expect(rig.caller.turns[1].endDelay == .milliseconds(710))
    #expect(rig.caller.turns[1].answerLatency == .milliseconds(720))
    #expect(rig.caller.turns[1].unspoken == .milliseconds(790))
    #expect(rig.caller.timeline.samples(of: .caller).count == CallTimeline.position(began + .milliseconds(1310)))
  }

  @Test("A pause may outlast the no-input timer; the steps after it go on")
  func pause() {
    var rig = CallRig([.wait(.seconds(6)), .press([.one])])
    rig.answer(1, .answer(milliseconds: 0, handling: .init(dtmf: .init(length: 1))))
    rig.pass(until: .seconds(5))
    #expect(rig.sent[3] == [.event(.init(.noInput))])
    rig.complete(2)
    rig.answer(3, .answer(milliseconds: 0, handling: .init(dtmf: .init(length: 1))))
    rig.pass(until: .milliseconds(6700))
    #expect(rig.sent[rig.rpc] == [.dtmf([.one])])
  }

  @Test("An event of the flow is an RPC of its own")
  func customEvent() {
    var rig = CallRig([.custom(name: "vip", parameters: ["tier": .number(1)])])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(300))
    #expect(rig.sent[3] == [.event(.init(.custom, name: "vip", parameters: ["tier": .number(1)]))])
    #expect(rig.halfClosed[2] == .milliseconds(300))
    rig.complete(2)
    rig.answer(3)
    #expect(rig.caller.turns[1].result == .answered)
  }

  @Test(
    "Wire 3: a terminal event ends the call when its announcement has been played",
    arguments: [
      (
        VoiceResponse.ending(.transferToAgent, metadata: ["summary": .string("wants a refund")]),
        CallOutcome.transferred(summary: "wants a refund")
      ),
      (.ending(.sessionEnd), .ended),
      (.ending(.noInput), .ended),
    ])
  func terminal(response: VoiceResponse, outcome: CallOutcome) {
    var rig = CallRig([.speak(clip: 0), .speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(800))
    rig.server(.startOfInput, on: 2)
    rig.pass(.milliseconds(1500))
    rig.server(.endOfInput, on: 2)
    rig.answer(2, response)
    rig.pass(.milliseconds(499))
    #expect(rig.outcomes == [])
    rig.pass(.milliseconds(1))
    #expect(rig.outcomes == [outcome])
    #expect(rig.rpc == 2)
    #expect(rig.violations == [])
  }

  @Test("A server that does not complete the RPC of a terminal event is noted, and does not hold the caller")
  func terminalNotCompleted() {
    var rig = CallRig([])
    rig.server(.ending(.sessionEnd), on: 1)
    rig.pass(.seconds(6))
    #expect(rig.outcomes == [.ended])
    #expect(rig.violations == [.notCompletedAtEnd])
    #expect(rig.cancelled == [1])
  }

  @Test("A caller who vanishes cancels what is open and says nothing")
  func vanish() {
    var rig = CallRig([.vanish])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(300))
    #expect(rig.outcomes == [.vanished])
    #expect(rig.cancelled == [2])
    #expect(rig.sent.count == 1)
  }

  @Test("A caller can hang up at any time")
  func hangUpEarly() {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 4000))
    rig.pass(.milliseconds(1000))
    rig.caller.hangUp(at: rig.now)
    rig.collect()
    #expect(rig.sent[3] == [.event(.init(.sessionEnd))])
    rig.complete(2)
    rig.complete(3)
    #expect(rig.outcomes == [.hungUp])
    #expect(rig.caller.timeline.samples(of: .agent).count == 8000)
  }

  @Test("A caller who is to end soon has the turn under way answered and hangs up, whatever steps are left")
  func endSoon() {
    var rig = CallRig([.press([.one]), .press([.two]), .press([.three])])
    let answer = VoiceResponse.answer(milliseconds: 2000, mode: .dtmf, handling: .init(dtmf: .init(length: 1)))
    rig.answer(1, answer)
    rig.pass(.milliseconds(2300))
    rig.caller.endSoon(at: rig.now)
    rig.complete(2)
    rig.answer(3, answer)
    #expect(rig.caller.turns.last?.result == .answered)
    rig.pass(.zero)
    #expect(rig.sent[4] == [.event(.init(.sessionEnd))])
  }

  @Test("Steps repeat until the caller is to end")
  func rounds() {
    var rig = CallRig([.press([.one])]) { $0.repeatsSteps = true }
    let answer = VoiceResponse.answer(milliseconds: 0, mode: .dtmf, handling: .init(dtmf: .init(length: 1)))
    rig.answer(1, answer)
    for round in 1...3 {
      rig.pass(.milliseconds(300))
      rig.complete(2 * round)
      rig.answer(2 * round + 1, answer)
      #expect(rig.caller.rounds == round)
    }
    rig.caller.endSoon(at: rig.now)
    rig.collect()
    #expect(rig.sent[rig.rpc] == [.event(.init(.sessionEnd))])
  }
}
