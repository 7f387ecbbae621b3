import AudioCodecs
import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("A recorded call is made again")
struct RecordedStepTests {
  private static func call(_ turns: [RecordedTurn], frame: Duration = .milliseconds(20)) -> RecordedCall {
    var call = RecordedCall(name: "order")
    call.turns = turns
    call.frameLength = frame
    return call
  }

  private static func rig(_ call: RecordedCall, _ steps: [CallStep], clips: [SpokenClip] = [.tone(milliseconds: 1000)])
    -> CallRig
  {
    let script = CallScript(call, steps: steps, clips: clips, standIns: 0, format: .telephone)
    return CallRig(steps, clips: clips) { script.adjust(&$0) }
  }

  @Test("Each step begins as long into the prompt, or after it, as it did")
  func times() {
    let call = Self.call([
      RecordedTurn(
        .say(.file("a.wav")), time: StepTime(begin: .overPrompt(.milliseconds(400)), halfClose: .milliseconds(70))),
      RecordedTurn(.press([.one, .two]), time: StepTime(begin: .afterPrompt(.milliseconds(900)))),
      RecordedTurn(.hangUp, time: StepTime(begin: .overPrompt(.milliseconds(250)))),
    ])
    var rig = Self.rig(call, [.speak(clip: 0), .press([.one, .two]), .hangUp])
    rig.answer(1, .answer(milliseconds: 1000))
    rig.pass(.milliseconds(399))
    #expect(rig.caller.turns.count == 1)
    rig.pass(.milliseconds(30))
    #expect(rig.caller.turns.last?.kind == .speech(clip: 0) && rig.caller.turns.last?.bargedIn == true)
    rig.pass(.milliseconds(200))
    rig.server(.startOfInput, on: 2)
    rig.pass(.seconds(2))
    let ended = rig.now
    rig.server(.endOfInput, on: 2)
    rig.pass(.milliseconds(100))
    #expect(rig.halfClosed[2] == ended + .milliseconds(70))
    rig.answer(2, .answer(milliseconds: 1000))
    let answered = rig.now
    rig.pass(.milliseconds(1890))
    #expect(rig.caller.turns.count == 2)
    rig.pass(.milliseconds(20))
    #expect(rig.caller.turns.last?.kind == .digits(count: 2))
    #expect(rig.caller.turns.last.map { $0.began >= answered + .milliseconds(1900) } == true)
    rig.pass(.seconds(4))
    // A prompt that may not be interrupted: a caller can leave all the same.
    rig.answer(rig.rpc, .answer(milliseconds: 1000, bargeIn: false))
    rig.pass(.milliseconds(260))
    #expect(rig.events.contains(.hangsUp))
  }

  @Test("Audio is sent in pieces as long as they were")
  func frames() {
    let clip = SpokenClip(
      name: "a", samples: [Int16](repeating: 5000, count: 8000), telephone: [Int16](repeating: 5000, count: 8000),
      format: .telephone, frameLength: .milliseconds(100))
    #expect(clip.frames.count == 10 && clip.frames.allSatisfy { $0.count == 800 } && clip.length == .seconds(1))
    #expect(SpokenClip.silence(.telephone, frameLength: .milliseconds(100)).count == 800)
    var rig = Self.rig(
      Self.call([RecordedTurn(.say(.file("a.wav")))], frame: .milliseconds(100)), [.speak(clip: 0)], clips: [clip])
    rig.answer(1, .answer(milliseconds: 200))
    rig.pass(.milliseconds(2000))
    let frames = rig.frames[2] ?? []
    #expect((18...21).contains(frames.count))
    #expect(frames.count { if case .speech = $0 { true } else { false } } == 10)
  }

  private static func expectation(_ change: (inout TurnExpectation) -> Void) -> TurnExpectation {
    var expected = TurnExpectation()
    change(&expected)
    return expected
  }

  @Test("What is expected of an answer is judged, and so is a turn that does not come")
  func expectations() {
    let expected = Self.expectation {
      $0.answeredWithin = .milliseconds(900)
      $0.hasAudio = true
      $0.atLeast = .milliseconds(900)
      $0.atMost = .milliseconds(1100)
      $0.events = ["CUSTOM_EVENT"]
      $0.ending = TurnExpectation.Ending.none
    }
    let call = Self.call([
      RecordedTurn(.custom(name: "x"), answer: RecordedAnswer(expected: expected)),
      RecordedTurn(.press([.one]), answer: RecordedAnswer(expected: Self.expectation { $0.hasAudio = false })),
    ])
    var rig = Self.rig(call, [.custom(name: "x", parameters: [:]), .press([.one])])
    rig.answer(1, .answer(milliseconds: 100))
    rig.pass(.milliseconds(400))
    var answer = VoiceResponse.answer(milliseconds: 1000)
    answer.events = [.init(.custom, name: "y")]
    rig.answer(rig.rpc, answer, after: .milliseconds(899))
    var found = call.expectations(rig.caller)
    #expect(found.count == 9)
    #expect(found.filter { !$0.isKept }.map(\.id.turn) == [2, 2], "\(found)")
    #expect(found.first?.id.line == "order, turn 1: expected answered")

    rig.pass(.seconds(6))
    rig.answer(rig.rpc, .ending(.sessionEnd, milliseconds: 300))
    found = call.expectations(rig.caller)
    #expect(found.filter { !$0.isKept }.map(\.id.text) == ["no audio"])
    #expect(found.filter { !$0.isKept }.map(\.seen) == ["300 ms"])
  }

  @Test("An expectation that is not kept is an error of the run, and counted")
  func tally() {
    let expected = Self.expectation { $0.answeredWithin = .milliseconds(100) }
    let call = Self.call([RecordedTurn(.custom(name: "x"), answer: RecordedAnswer(expected: expected))])
    var rig = Self.rig(call, [.custom(name: "x", parameters: [:])])
    rig.answer(1, .answer(milliseconds: 100))
    rig.pass(.milliseconds(400))
    rig.answer(rig.rpc, .answer(milliseconds: 100), after: .milliseconds(150))
    rig.pass(.seconds(1))
    for rpc in rig.opened.keys { rig.complete(rpc) }
    #expect(rig.outcomes == [.hungUp])
    var tally = ReplayTally()
    tally.add(rig.caller, connected: nil)
    tally.judge(
      rig.caller, by: CallScript(call, steps: [], clips: [], standIns: 0, format: .telephone))
    #expect(tally.errors == ["NOT_AS_EXPECTED": 1])
    let counts = tally.expectations.sorted { $0.key < $1.key }.map(\.value)
    #expect(counts.map(\.kept) == [1, 0] && counts.map(\.failed) == [0, 1] && counts.last?.seen == "150 ms")
    var sum = tally
    sum.add(tally)
    #expect(sum.expectations.values.map(\.failed).reduce(0, +) == 2)
  }

  @Test("Callers make as many calls as the recorded calls need")
  func callsEach() {
    var load = ReplayLoad(calls: 2)
    load.callsEach = 2
    var plan = HeldCalls(load, place: 0, stride: 1)
    #expect(plan.look(at: .zero).count == 2)
    plan.over(slot: 0, .hungUp, at: .seconds(1), random: 0)
    plan.over(slot: 1, .hungUp, at: .seconds(1), random: 0)
    #expect(!plan.isDone)
    #expect(plan.look(at: .seconds(2)).count == 2)
    plan.over(slot: 0, .hungUp, at: .seconds(3), random: 0)
    #expect(!plan.isDone && plan.look(at: .seconds(4)).isEmpty)
    plan.over(slot: 1, .hungUp, at: .seconds(5), random: 0)
    #expect(plan.isDone)
  }
}
