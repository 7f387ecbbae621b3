import AudioCodecs
import Foundation
import Testing
import WebexProtocol

@testable import ReplayKit

@Suite("What a person and a program are shown")
struct ShowingTests {
  @Test(
    "An event is a line with its time, who and what",
    arguments: [
      (
        CallEvent.speaks(clip: 0, length: .milliseconds(2310), overPrompt: false), Duration.milliseconds(1240),
        "   1.240 s  caller  speaks \"file.wav\" (2.3 s)"
      ),
      (
        .startOfInput(after: .microseconds(147_600)), .seconds(61),
        "  61.000 s  server  START_OF_INPUT, 148 ms after speech began"
      ),
      (.presses([.one, .zero, .pound], overPrompt: true), .zero, "   0.000 s  caller  presses 10# over the prompt"),
      (
        .transfer(summary: "a\u{1B}[2Jb"), .microseconds(999),
        "   0.001 s  server  TRANSFER_TO_AGENT: \"a\u{FFFD}[2Jb\""
      ),
    ])
  func line(event: CallEvent, time: Duration, line: String) {
    #expect(event.line(at: time, clips: ["file.wav"]) == line)
  }

  @Test("The turns are a table")
  func table() {
    var greeting = CallTurn(.greeting, began: .zero)
    greeting.sent = .zero
    greeting.firstAudio = .milliseconds(12)
    greeting.answerLength = .milliseconds(1500)
    greeting.result = .answered
    var spoken = CallTurn(.speech(clip: 0), began: .seconds(2))
    spoken.speechStart = .milliseconds(2100)
    spoken.startOfInput = .milliseconds(2300)
    spoken.bargedIn = true
    #expect(
      TurnTable.lines([greeting, spoken], clips: ["a.wav"]) == [
        "turn  what      start  end  answer  length  result",
        "   0  greeting      –    –      12   1.5 s  answered",
        "   1  a.wav       200    –       –       –  not answered, interrupted the prompt",
      ])
  }

  @Test(
    "The meter is as long as the level is high",
    arguments: [(-96.0, "▕    ▏"), (-60, "▕    ▏"), (-30, "▕██  ▏"), (0, "▕████▏")])
  func meter(level: Double, bar: String) {
    #expect(LevelMeter.bar(level, 4) == bar)
  }

  private func tally() -> ReplayTally {
    var tally = ReplayTally()
    for milliseconds in 1...100 { tally.record(.turnLatency, .milliseconds(milliseconds)) }
    tally.calls = 2
    tally.turns = 100
    tally.framesSent = 4000
    tally.errors = ["UNAVAILABLE": 1]
    tally.outcomes = ["failed": 1, "hungUp": 1]
    return tally
  }

  @Test("The JSON of a run has the documented members, times in milliseconds")
  func runJSON() throws {
    let report = ReplayReport(tally(), wall: .milliseconds(71_300))
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    #expect(
      Set(try #require(object).keys) == [
        "calls", "turns", "framesSent", "framesUnsent", "turnsCutShort", "errors", "outcomes", "violations",
        "textPrompts", "wallSeconds", "turnLatency", "lateFrames", "callsLate", "callsMissed",
      ])
    #expect(object?["wallSeconds"] as? Double == 71.3)
    #expect(object?["errors"] as? [String: Int] == ["UNAVAILABLE": 1])
    let times = try #require(object?["turnLatency"] as? [String: Double])
    #expect(Set(times.keys) == ["count", "mean", "p50", "p90", "p99", "max"])
    #expect(times["count"] == 100)
    #expect(abs((times["p50"] ?? 0) - 50) < 0.1)
    #expect(abs((times["p99"] ?? 0) - 99) < 0.1)
    #expect(abs((times["max"] ?? 0) - 100) < 0.1)
  }

  @Test("A run's lines show its figures")
  func runText() {
    let report = ReplayReport(tally(), wall: .seconds(3))
    #expect(report.lines[0] == "2 calls, 100 turns, 4000 frames in 3.000 s")
    #expect(report.lines.contains("errors: UNAVAILABLE 1"))
  }

  @Test("Tallies add up, times too")
  func adding() {
    var sum = tally()
    sum.add(tally())
    #expect(sum.calls == 4)
    #expect(sum.errorCount == 2)
    #expect(sum.times[.turnLatency]?.totalCount == 200)
  }

  @Test("The JSON of a call has its outcome, its turns and its failure")
  func callJSON() throws {
    var rig = CallRig([.speak(clip: 0)])
    rig.answer(1, .answer(milliseconds: 0), after: .milliseconds(20))
    rig.pass(.milliseconds(600))
    rig.complete(2, status: 14, "gone")
    let report = CallReport(rig.caller, outcome: try #require(rig.outcomes.first))
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    #expect(object?["outcome"] as? String == "failed")
    #expect(object?["status"] as? String == "UNAVAILABLE")
    #expect(object?["failure"] as? String == "the audio RPC ended with UNAVAILABLE: gone")
    let turns = try #require(object?["turns"] as? [[String: Any]])
    #expect(turns.map { $0["kind"] as? String } == ["greeting", "speech"])
    #expect(turns[0]["answerLatency"] as? Double == 20)
    #expect(turns[1]["clip"] as? String == "tone.wav")
    #expect(turns[1]["result"] as? String == "failed")
  }

  @Test("Both sides are saved as a stereo file, the caller left")
  func stereo() {
    var timeline = CallTimeline()
    timeline.add([1, 2], to: .caller, at: .zero)
    timeline.add([0x0102], to: .agent, at: .microseconds(250))
    let wav = timeline.stereoWAV
    #expect(Array(wav[44...]) == [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 1])
    // Two channels, 32,000 bytes a second, 4 bytes a frame, 16 bits, 12 bytes of audio.
    #expect(Array(wav[22..<24]) == [2, 0])
    #expect(Array(wav[28..<36]) == [0x00, 0x7D, 0, 0, 4, 0, 16, 0])
    #expect(Array(wav[40..<44]) == [12, 0, 0, 0])
  }
}
