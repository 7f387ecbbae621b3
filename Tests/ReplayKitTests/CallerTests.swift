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
}
