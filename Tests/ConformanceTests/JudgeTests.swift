import AudioCodecs
import ReplayKit
import Testing
import WebexProtocol

@testable import Conformance

/// A call whose server is a list of responses: all times are the test's.
private struct Rig {
  var caller: Caller
  var now = Duration.zero
  var events: [(event: CallEvent, at: Duration)] = []
  var lastRPC = 0

  init(_ steps: [CallStep] = []) throws {
    let tone = [Int16](repeating: 8000, count: 8000).enumerated().map { $0.offset % 2 == 0 ? $0.element : -$0.element }
    let clip = try SpokenClip(
      name: "words", wav: WAVFile(samples: tone, format: .init(encoding: .linear16, sampleRate: 8000)),
      format: .telephone)
    caller = Caller(
      steps: steps, clips: [clip], settings: CallerSettings(conversation: "c", organization: "o"))
    caller.start(at: now)
    collect()
  }

  mutating func collect() {
    for action in caller.takeActions() {
      switch action {
      case .tell(let event): events.append((event, now))
      case .open(let rpc): lastRPC = rpc
      default: break
      }
    }
  }

  mutating func pass(milliseconds: Int) {
    let end = now + .milliseconds(milliseconds)
    while now < end {
      now += .milliseconds(5)
      caller.tick(at: now)
      collect()
    }
  }

  mutating func say(_ response: VoiceResponse) {
    caller.received(response, rpc: lastRPC, at: now)
    collect()
  }

  mutating func complete(_ rpc: Int, status: Int = 0) {
    caller.completed(rpc: rpc, status: status, at: now)
    collect()
  }

  mutating func greet() {
    say(.answer)
    complete(1)
  }

  /// The verdicts after a hang-up that the server takes well, or as the call ended before.
  mutating func verdicts() -> [String: Judgement] {
    if caller.outcome == nil {
      let open = lastRPC
      caller.hangUp(at: now)
      collect()
      if open != 1 { complete(open) }
      complete(lastRPC)
      pass(milliseconds: 6000)
    }
    let outcome = caller.outcome ?? .vanished
    let judged = Judge.judgements(of: HeldCall(caller: caller, outcome: outcome, events: events))
    return Dictionary(uniqueKeysWithValues: judged.map { ($0.rule, $0) })
  }
}

extension VoiceResponse {
  fileprivate static let answer = VoiceResponse(
    prompts: [
      .init(
        audio: WAVFile(samples: [0, 0], format: .init(encoding: .linear16, sampleRate: 8000)).bytes,
        isBargeInEnabled: true)
    ],
    inputMode: .voiceAndDTMF, inputHandling: InputHandling())
  fileprivate static let start = VoiceResponse(events: [.init(.startOfInput)])
  fileprivate static let end = VoiceResponse(events: [.init(.endOfInput)])
}

@Suite struct JudgeTests {
  @Test("a spoken turn that is told of and answered in time keeps the rules")
  func goodTurn() throws {
    var rig = try Rig([.speak(clip: 0)])
    rig.greet()
    rig.pass(milliseconds: 700)
    rig.say(.start)
    rig.pass(milliseconds: 1500)
    rig.say(.end)
    rig.say(.answer)
    let verdicts = rig.verdicts()
    #expect(verdicts.values.filter { $0.verdict == .failed }.isEmpty, "\(verdicts)")
    for rule in [
      "greeting.answered", "turn.start-in-time", "turn.end-in-time", "turn.answered", "prompt.wav", "hang-up.completes",
    ] {
      #expect(verdicts[rule]?.verdict == .passed, "\(rule)")
    }
    #expect(verdicts["chunk.size"] == nil, "there were no chunks to judge")
  }

  @Test("a START_OF_INPUT that comes late, and one that comes twice, break their rules; the messages show it")
  func startOfInput() throws {
    var rig = try Rig([.speak(clip: 0)])
    rig.greet()
    rig.pass(milliseconds: 1500)
    rig.say(.start)
    rig.say(.start)
    rig.pass(milliseconds: 800)
    rig.say(.end)
    rig.say(.answer)
    let verdicts = rig.verdicts()
    #expect(verdicts["turn.start-in-time"]?.verdict == .failed)
    #expect(verdicts["turn.start-once"]?.verdict == .failed)
    #expect(verdicts["turn.start-once"]?.evidence.contains { $0.contains("START_OF_INPUT") } == true)
    #expect(verdicts["turn.end"]?.verdict == .passed)
  }

  @Test("END_OF_INPUT before the last word, and one that is 4 s late, break different rules")
  func endOfInput() throws {
    for (wait, rule) in [(300, "turn.end-not-early"), (5000, "turn.end-in-time")] {
      var rig = try Rig([.speak(clip: 0)])
      rig.greet()
      rig.pass(milliseconds: 600)
      rig.say(.start)
      rig.pass(milliseconds: wait)
      rig.say(.end)
      rig.say(.answer)
      let failed = rig.verdicts().values.filter { $0.verdict == .failed }.map(\.rule)
      #expect(failed == [rule])
    }
  }

  @Test("a status that is not OK, and an answer that never comes, are named by what the RPC was for")
  func failures() throws {
    var refused = try Rig()
    refused.complete(1, status: 13)
    #expect(refused.verdicts()["rpc.status"]?.verdict == .failed)
    var silent = try Rig()
    silent.pass(milliseconds: 31_000)
    #expect(silent.verdicts()["greeting.answered"]?.verdict == .failed)
  }

  @Test("a rule that failed in one case has failed; one that no case came to is skipped")
  func report() {
    let report = ConformanceReport(
      target: "<here>",
      [
        ("one", .passed("turn.start")), ("two", .failed("turn.start", "nothing & no one", ["1 s  server  \"x\""])),
        ("one", .failed("token.missing", "OK", [])), ("one", .passed("rpc.status")),
      ])
    #expect(report.findings.count == Rule.all.count)
    #expect(report.findings.first { $0.rule.id == "turn.start" }?.cases == ["two"])
    #expect(report.toMend.map(\.rule.id) == ["token.missing", "turn.start"], "the gravest first")
    #expect(report.findings.first { $0.rule.id == "turn.end" }?.verdict == .skipped)
    #expect(report.text().contains("1 passed, 2 failed, \(Rule.all.count - 3) skipped"))
    #expect(report.junit.contains("nothing &amp; no one") && report.html.contains("&lt;here&gt;"))
  }

  @Test("each violation that a caller can tell of has a rule, and ids are those of one rule")
  func rules() {
    #expect(Set(Rule.all.map(\.id)).count == Rule.all.count)
    let violations: [WireViolation] = [
      .startOfInputTwice, .endOfInputTwice, .endWithoutStart, .startOfInputAsChunk, .secondAnswer, .chunkAfterFinal,
      .chunkSize(1), .chunkWithHeader, .lastChunkNotEmpty, .promptNotWAV(""), .textBesideAudio, .modeChanged,
      .noInputMode,
      .inputModeAtEnd, .bargeableAtEnd, .unexpectedResponse, .notCompletedAtEnd,
    ]
    for violation in violations { #expect(Rule.named(violation.rule) != nil) }
  }
}
