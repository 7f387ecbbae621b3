import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("Calls that fail, and servers that break rules")
struct CallerFailureTests {
  @Test(
    "A status other than OK fails the call",
    arguments: [(14, "UNAVAILABLE"), (16, "UNAUTHENTICATED"), (8, "RESOURCE_EXHAUSTED"), (99, "status 99")])
  func status(code: Int, name: String) {
    var rig = CallRig([.speak(clip: 0)])
    rig.complete(1, status: code, "no")
    let failure = CallError(.status(code: code, message: "no"), during: .sessionStart)
    #expect(rig.outcomes == [.failed(failure)])
    #expect(failure.description == "SESSION_START ended with \(name): no")
    #expect(rig.caller.turns[0].result == .failed)
  }

  @Test("A lost audio RPC fails the call")
  func lostAudio() {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(700))
    rig.complete(2, status: 14, "Connection reset")
    #expect(rig.outcomes == [.failed(.init(.status(code: 14, message: "Connection reset"), during: .audio))])
    #expect(rig.caller.turns[1].result == .failed)
    #expect(rig.caller.nextWake == nil)
  }

  @Test("An RPC that is completed without its answer fails the call")
  func withoutAnswer() {
    var rig = CallRig([])
    rig.complete(1)
    #expect(rig.outcomes == [.failed(.init(.completedWithoutAnswer, during: .sessionStart))])
  }

  @Test("An audio RPC that the server completes while it should listen fails the call")
  func audioClosed() {
    var rig = CallRig([.wait(.seconds(2))])
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(700))
    rig.complete(2)
    #expect(rig.outcomes == [.failed(.init(.completedWithoutAnswer, during: .audio))])
  }

  @Test("A server that says nothing fails the call when patience ends, wherever the call is")
  func silence() {
    var greeting = CallRig([])
    greeting.pass(.seconds(29))
    #expect(greeting.outcomes == [])
    greeting.pass(.seconds(2))
    #expect(greeting.outcomes == [.failed(.init(.noAnswer, during: .sessionStart))])
    #expect(greeting.cancelled == [1])

    var noEnd = CallRig([.speak(clip: 0)])
    noEnd.answer(1, .answer(milliseconds: 0))
    noEnd.pass(.milliseconds(600))
    noEnd.server(.startOfInput, on: 2)
    noEnd.pass(.seconds(32))
    #expect(noEnd.outcomes == [.failed(.init(.noAnswer, during: .audio))])

    var noFinal = CallRig([.speak(clip: 0)])
    noFinal.answer(1, .answer(milliseconds: 0))
    noFinal.pass(.milliseconds(600))
    noFinal.server(.startOfInput, on: 2)
    noFinal.pass(.seconds(2))
    noFinal.server(.endOfInput, on: 2)
    noFinal.pass(.seconds(31))
    #expect(noFinal.outcomes == [.failed(.init(.noAnswer, during: .audio))])
  }

  @Test("A response that cannot be decoded fails the call")
  func unreadable() {
    var rig = CallRig([])
    rig.caller.couldNotRead(rpc: 1, "field 0", at: .zero)
    rig.collect()
    #expect(rig.outcomes == [.failed(.init(.unreadable("field 0"), during: .sessionStart))])
  }

  @Test("What comes after the end of a call is ignored")
  func afterTheEnd() {
    var rig = CallRig([])
    rig.complete(1, status: 2)
    let count = rig.actions.count
    rig.server(.answer(), on: 1)
    rig.caller.hangUp(at: .seconds(1))
    rig.caller.tick(at: .seconds(2))
    rig.collect()
    #expect(rig.actions.count == count)
  }

  /// What a server says on the audio RPC of a spoken turn, and the rules it breaks.
  struct Breach: Sendable, CustomTestStringConvertible {
    let name: String
    let responses: [VoiceResponse]
    let violations: [WireViolation]
    var testDescription: String { name }
  }

  @Test("A status other than OK after a transfer is an error of a call that was transferred all the same")
  func brokenAfterTransfer() {
    var rig = CallRig([])
    rig.server(.ending(.transferToAgent), on: 1)
    rig.complete(1, status: 1, "reset")
    rig.pass(.seconds(1))
    #expect(rig.outcomes == [.transferred(summary: nil)])
    let broken = CallError(.status(code: 1, message: "reset"), during: .sessionStart)
    #expect(rig.caller.brokenRPCs == [broken])
    #expect(rig.events.contains(.broken(broken)))
    var tally = ReplayTally()
    tally.add(rig.caller, connected: nil)
    #expect(tally.errors == ["CANCELLED": 1])
  }

  @Test("UNAVAILABLE behind a transfer is how a server ends, and no error")
  func drained() {
    var rig = CallRig([])
    rig.server(.ending(.transferToAgent), on: 1)
    rig.complete(1, status: 14, "the server is shutting down")
    rig.pass(.seconds(1))
    #expect(rig.outcomes == [.transferred(summary: nil)])
    #expect(rig.caller.brokenRPCs == [])
  }

  @Test("An audio RPC is half-closed some time after END_OF_INPUT, and its status is waited for")
  func lateHalfClose() {
    var rig = CallRig([.speak(clip: 0)]) { $0.halfCloseDelay = .milliseconds(20) ... .milliseconds(50) }
    rig.answer(1, .answer(milliseconds: 0))
    rig.pass(.milliseconds(1500))
    rig.server(.startOfInput, on: 2)
    rig.server(.endOfInput, on: 2)
    let end = rig.now
    #expect(rig.halfClosed[2] == nil)
    let frames = rig.frames[2]?.count
    rig.server(.answer(), on: 2)
    rig.pass(.milliseconds(100))
    let delay = (rig.halfClosed[2] ?? .zero) - end
    #expect((Duration.milliseconds(20) ... .milliseconds(50)).contains(delay))
    #expect(rig.frames[2]?.count == frames)
    rig.complete(2, status: 1, "reset")
    #expect(rig.outcomes == [.failed(.init(.status(code: 1, message: "reset"), during: .audio))])
  }

  static let breaches: [Breach] = [
    Breach(
      name: "START_OF_INPUT twice", responses: [.startOfInput, .startOfInput], violations: [.startOfInputTwice]),
    Breach(
      name: "START_OF_INPUT as CHUNK", responses: [VoiceResponse(.chunk, events: [.init(.startOfInput)])],
      violations: [.startOfInputAsChunk]),
    Breach(name: "END_OF_INPUT alone", responses: [.endOfInput], violations: [.endWithoutStart]),
    Breach(
      name: "END_OF_INPUT twice", responses: [.startOfInput, .endOfInput, .endOfInput],
      violations: [.endOfInputTwice]),
    Breach(
      name: "two answers", responses: [.startOfInput, .endOfInput, .answer(), .answer()], violations: [.secondAnswer]),
    Breach(
      name: "a chunk after the FINAL",
      responses: [.startOfInput, .endOfInputChunk, .chunk(milliseconds: 100), .chunksEnd, .chunk(milliseconds: 100)],
      violations: [.modeChanged, .chunkAfterFinal]),
    Breach(
      name: "a tiny chunk", responses: [.startOfInput, .endOfInputChunk, .chunk(milliseconds: 10)],
      violations: [.chunkSize(80), .modeChanged]),
    Breach(
      name: "a chunk with a header",
      responses: [
        .startOfInput, .endOfInputChunk,
        VoiceResponse(.chunk, prompts: [.init(audio: VoiceResponse.wav(100), isBargeInEnabled: true)]),
      ], violations: [.chunkWithHeader, .modeChanged]),
    Breach(
      name: "a FINAL after chunks without an empty prompt",
      responses: [.startOfInput, .endOfInputChunk, .chunk(milliseconds: 100), .answer(milliseconds: 0)],
      violations: [.modeChanged, .lastChunkNotEmpty]),
    Breach(
      name: "text beside audio",
      responses: [
        .startOfInput, .endOfInput,
        VoiceResponse(
          prompts: [.init(text: "hello", audio: VoiceResponse.wav(10), isBargeInEnabled: true)], inputMode: .voice,
          inputHandling: InputHandling()),
      ], violations: [.textBesideAudio]),
    Breach(
      name: "an answer without input mode", responses: [.startOfInput, .endOfInput, VoiceResponse()],
      violations: [.noInputMode]),
    Breach(
      name: "an end with input mode and an announcement that may be interrupted",
      responses: [
        .startOfInput, .endOfInput,
        VoiceResponse(
          prompts: [.init(audio: VoiceResponse.wav(10), isBargeInEnabled: true)], events: [.init(.sessionEnd)],
          inputMode: .voice),
      ], violations: [.inputModeAtEnd, .bargeableAtEnd]),
  ]

  @Test("Wire 5 and 6: what the platform does not take is noted", arguments: breaches)
  func breach(_ breach: Breach) {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 20))
    rig.pass(.milliseconds(1000))
    for response in breach.responses { rig.server(response, on: 2) }
    #expect(rig.violations == breach.violations)
  }

  @Test("A prompt that is no WAV file is noted, and nothing is heard")
  func notWAV() {
    var rig = CallRig([])
    rig.answer(
      1,
      VoiceResponse(
        prompts: [.init(audio: [1, 2, 3], isBargeInEnabled: true)], inputMode: .voice, inputHandling: InputHandling()))
    #expect(rig.violations.count == 1)
    guard case .promptNotWAV = rig.violations.first else {
      Issue.record("\(rig.violations)")
      return
    }
    #expect(rig.caller.timeline.samples(of: .agent) == [])
  }
}
