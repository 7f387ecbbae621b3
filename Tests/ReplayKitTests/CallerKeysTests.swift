import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("The keys and the silence of the calling party")
struct CallerKeysTests {
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
}
