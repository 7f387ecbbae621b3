import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("How a call ends for the calling party")
struct CallerEndTests {
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
