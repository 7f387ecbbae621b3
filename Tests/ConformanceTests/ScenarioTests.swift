import AudioCodecs
import Foundation
import ReplayKit
import Testing
import WebexProtocol
import YAMLReading

@testable import Conformance

private func scenario(_ text: String, file: String = "scenarios/Order by keys.yaml") throws -> ConformanceScenario {
  try ConformanceScenario(text: Array(text.utf8), file: file)
}

private func mistakes(_ text: String) -> String {
  do {
    _ = try scenario(text)
    return "none"
  } catch { return "\(error)" }
}

@Suite struct ScenarioTests {
  @Test func everyKeyIsRead() throws {
    let read = try scenario(
      """
      scenario: 1
      name: An order
      agent: orders
      vendor_config: '{"shop": 7}'
      info: {queue: sales, language: de}
      wires: [websocket]
      severity: noticed
      otherwise: The order is lost.
      no_input: 6s
      greeting:
        expect: {audio: true}
      turns:
        - keys: "12"
          expect: {answered_within: 2s, ends: none}
        - wait: 1s
        - quiet: true
          expect: {}
      """)
    #expect(read.id == "order-by-keys" && read.caseName == "scenario: order-by-keys")
    #expect(read.agent == "orders" && read.vendorConfiguration == #"{"shop": 7}"#)
    #expect(read.info == ["queue": "sales", "language": "de"] && read.wires == [.websocket])
    #expect(read.call.noInput == .seconds(6) && read.call.turns.count == 3)
    #expect(
      read.rules.map(\.id) == ["scenario.order-by-keys.0", "scenario.order-by-keys.1", "scenario.order-by-keys.3"])
    let rule = try #require(read.rules.dropFirst().first)
    #expect(rule.text == "An order. Turn 1 (keys): answered, answered within 2000 ms, ends: none.", "\(rule.text)")
    #expect(rule.source == "scenarios/Order by keys.yaml:13" && rule.severity == .noticed)
    #expect(rule.consequence == "The order is lost.")
  }

  @Test(arguments: [
    ("", "1:1: the scenario is empty"),
    ("turns: []", "1:1: `scenario` is missing"),
    ("scenario: 2\nturns: []", "1:11: `scenario` of the scenario cannot be `2`"),
    ("call: 1\nturns: []", "1:1: this is a recorded call, not a scenario; make one of it"),
    ("scenario: 1\nagnet: x", "2:1: unknown key `agnet` in the scenario; write agent"),
    ("scenario: 1\nwires: [fax]", "2:9: `wires` cannot have `fax`; write one of: grpc, websocket"),
    ("scenario: 1\nseverity: bad", "2:11: `severity` cannot be `bad`; write one of: security, lost, noticed"),
    ("scenario: 1\ninfo: [a]", "2:7: `info` has to be a group"),
    ("scenario: 1\nturns:\n  - keys: xyz", "3:11: `keys` of turn 1 has what is no key"),
    ("scenario: 1\nturns:\n  - say: ../x.wav", "3:10: `say` of turn 1 has to be a file in the call's own folder"),
    ("scenario: 1\nturns:\n  - say: {from: 1s, to: 2s}", "3:10: `say` of turn 1 is a stretch of no file"),
    ("scenario: 1\nturns:\n  - keys: \"1\"\n    expect: {ends: never}", "4:20: `ends` of `expect` of turn 1"),
    ("scenario: [1", "this is not YAML"),
  ]) func whatIsWrongIsToldWithItsPlace(text: String, message: String) {
    let told = mistakes(text)
    #expect(told.contains(message), "\(told)")
  }

  @Test func namesBecomeIDs() {
    #expect(ConformanceScenario.id(of: "a/Größe 2_b.yml") == "gr-e-2-b")
    #expect(ConformanceScenario.id(of: "---.yaml") == "scenario")
  }

  /// What is expected and does not come breaks the scenario's rule, and the messages are shown.
  @Test func expectationsAreJudged() throws {
    let read = try scenario("scenario: 1\nturns:\n  - keys: \"1\"\n    expect: {audio: true}")
    let caller = Caller(
      steps: [], clips: [], settings: CallerSettings(conversation: "c", organization: "o"))
    let held = HeldCall(caller: caller, outcome: .hungUp, events: [(.sessionStart, .zero)])
    let judged = read.judgements(of: held)
    #expect(judged.map(\.verdict) == [.failed] && judged.map(\.rule) == ["scenario.order-by-keys.1"])
    #expect(judged.first?.seen.contains("expected audio: the turn did not come") == true)
    #expect(judged.first?.evidence.isEmpty == false)
    let report = ConformanceReport(target: "t", rules: Rule.all + read.rules, judged.map { (read.caseName, $0) })
    #expect(report.toMend.map(\.rule.id) == ["scenario.order-by-keys.1"])
  }

  @Test func aRecordedCallBecomesAScenario() throws {
    let folder = NSTemporaryDirectory() + "scenario-\(UUID().uuidString).call"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let second = WAVFile(
      samples: (0..<16_000).map { Int16($0 % 100 * 50) }, format: AudioFormat(encoding: .linear16, sampleRate: 8000))
    try Data(second.bytes).write(to: URL(fileURLWithPath: folder + "/caller.wav"))
    try """
    call: 1
    name: "It's \\"quoted\\""
    caller: caller.wav
    greeting: {recorded: {answered: 250ms, length: 900ms}}
    turns:
      - say: {from: 500ms, to: 1500ms}
        over_prompt: 400ms
        recorded: {answered: 1300ms, length: 0ms}
      - keys: "1?"
        expect: {answered_within: 4s}
        recorded: {answered: 100ms, length: 100ms}
    """.write(toFile: folder + "/call.yaml", atomically: true, encoding: .utf8)
    let made = try ConformanceScenario.make(ofCallIn: folder, id: "bought")
    #expect(made.words.map(\.file) == ["bought-1.wav"] && made.masked == 1)
    #expect(made.words.first?.wav.audio.count == 16_000, "a second of 16-bit audio")
    let read = try scenario(made.yaml, file: "bought.yaml")
    #expect(
      read.call.name == "It's \"quoted\""
        && read.call.turns.map(\.act) == [.say(.file("bought-1.wav")), .press([.one, nil])])
    #expect(read.call.turns.first?.time.begin == .overPrompt(.milliseconds(400)))
    let expected = ([read.call.greeting] + read.call.turns.map(\.answer)).map(\.expected)
    #expect(expected.map(\.?.answeredWithin) == [.milliseconds(1300), .milliseconds(2600), .seconds(4)])
    #expect(expected.map(\.?.hasAudio) == [true, false, nil])
    #expect(read.rules.map(\.id) == ["scenario.bought.0", "scenario.bought.1", "scenario.bought.2"])
  }
}
