import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("Whether a call did what it was made for")
struct CallVerdictTests {
  private func verdict(_ rig: CallRig) throws -> [String] {
    CallVerdict(rig.caller, outcome: try #require(rig.outcomes.first)).shortfalls
  }

  /// A caller who wants to speak and to press keys, and a server that ends the call with the greeting.
  private func endedAtOnce(_ response: VoiceResponse) -> CallRig {
    var rig = CallRig([.speak(clip: 0), .press([.one, .pound])])
    rig.answer(1, response)
    rig.pass(.seconds(2))
    return rig
  }

  @Test("A transfer before the steps were done tells which, and one without a word is no answer")
  func bareTransfer() throws {
    let rig = endedAtOnce(VoiceResponse(events: [.init(.transferToAgent)]))
    let shortfalls = try verdict(rig)
    #expect(
      shortfalls.first
        == "Expected to say tone.wav, then press •• as well, but the server transferred the caller before.")
    #expect(shortfalls.last?.contains("heard nothing at all") == true)
    #expect(TurnTable.lines(rig.caller.turns, clips: []).last?.hasSuffix("transferred without a word") == true)
    #expect(CallReport(rig.caller, outcome: try #require(rig.outcomes.first)).turns[0].result == "transferred")
    var tally = ReplayTally()
    tally.add(rig.caller, connected: nil)
    #expect(tally.errors == ["NOT_DONE": 2] && tally.turns == 0)
    #expect(tally.times[.greeting] == nil)
  }

  @Test("An end with words that comes before the steps is told too")
  func earlyEnd() throws {
    let shortfalls = try verdict(endedAtOnce(.ending(.sessionEnd)))
    #expect(
      shortfalls == ["Expected to say tone.wav, then press •• as well, but the server ended the call before."])
  }

  @Test("A transfer that answers the last step is what was wanted")
  func wantedTransfer() throws {
    var rig = CallRig([.press([.zero])])
    rig.answer(1, .answer(milliseconds: 100))
    rig.pass(.seconds(4))
    rig.answer(rig.rpc, .ending(.transferToAgent))
    rig.pass(.seconds(1))
    rig.complete(2)
    rig.complete(3)
    rig.pass(.seconds(6))
    #expect(try verdict(rig).isEmpty)
    #expect(TurnTable.lines(rig.caller.turns, clips: []).last?.hasSuffix("transferred") == true)
  }

  @Test("Keys that nobody asked for, and speech that nobody noticed, are told")
  func unanswered() throws {
    var rig = CallRig([.press([.one])])
    rig.answer(1, .answer(milliseconds: 100, mode: .voice))
    rig.pass(.seconds(1))
    for rpc in rig.opened.keys { rig.complete(rpc) }
    #expect(try verdict(rig) == ["The server had not asked for 1 key, so that nobody told it."])
  }

  @Test("A failed call speaks for itself")
  func failed() throws {
    var rig = CallRig([.speak(clip: 0)])
    rig.complete(1, status: 16)
    #expect(try verdict(rig).isEmpty)
  }
}

@Suite("Text for the platform's own voice")
struct TextPromptTests {
  private let response = VoiceResponse(
    prompts: [.init(text: "Good day", isBargeInEnabled: true)], inputMode: .voiceAndDTMF, inputHandling: InputHandling()
  )

  @Test("is shown, counted, and silent where nobody speaks it")
  func shown() {
    var rig = CallRig([])
    rig.answer(1, response)
    #expect(rig.events.contains(.promptText("Good day")))
    #expect(rig.caller.textPrompts == 1 && rig.caller.spokenTexts == 0)
    #expect(!rig.caller.timeline.samples(of: .agent).contains { $0 != 0 })
    #expect(rig.caller.turns[0].answerLength > .zero)
  }

  @Test("is heard, as long as it is, where a local voice speaks it")
  func spoken() {
    var rig = CallRig([])
    rig.caller.received(response, spoken: ["Good day": [Int16](repeating: 7, count: 4000)], rpc: 1, at: .zero)
    rig.collect()
    #expect(rig.events.contains(.promptSpoken("Good day", length: .milliseconds(500))))
    #expect(rig.caller.spokenTexts == 1)
    #expect(rig.caller.timeline.samples(of: .agent).count { $0 == 7 } == 4000)
    #expect(rig.caller.turns[0].answerLength == .milliseconds(500))
  }
}

@Suite("When a caller calls again")
struct CallBackOffTests {
  private func failed(_ code: Int) -> CallOutcome {
    .failed(CallError(.status(code: code, message: ""), during: .sessionStart))
  }

  @Test("later and later while calls fail, up to half a minute, and at once when one did not")
  func growing() {
    var backOff = CallBackOff()
    let waits = (0..<8).map { _ in backOff.next(after: failed(14), random: 1) }
    #expect(waits == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    let afterGood = backOff.next(after: .hungUp, random: 1)
    let afterNext = backOff.next(after: failed(8), random: 0)
    #expect(afterGood == CallBackOff.pause)
    #expect(afterNext == .milliseconds(500))
  }

  @Test("never where the refusal cannot heal", arguments: [3, 5, 7, 12, 16])
  func permanent(code: Int) {
    var backOff = CallBackOff()
    let next = backOff.next(after: failed(code), random: 1)
    #expect(next == nil)
  }
}
