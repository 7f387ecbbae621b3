import Testing
import WebexProtocol
import YAMLReading

@testable import ReplayKit

@Suite("The text of a recorded call")
struct RecordedCallTests {
  private static func read(_ text: String, file: String = "folder/order.call/call.yaml") throws -> RecordedCall {
    try RecordedCall(text: Array(text.utf8), file: file)
  }

  private static func problems(_ text: String) -> [String] {
    do {
      _ = try read(text)
      return []
    } catch let error as ConfigurationError {
      return error.problems.map(\.description)
    } catch { return ["\(error)"] }
  }

  @Test("A few lines are a call, which is named as its folder is")
  func short() throws {
    let call = try Self.read("call: 1\nturns: [{say: hello.wav}, {keys: \"12#\"}]\n")
    #expect(call.name == "order")
    #expect(call.turns == [RecordedTurn(.say(.file("hello.wav"))), RecordedTurn(.press([.one, .two, .pound]))])
    #expect(call.frameLength == .milliseconds(20) && call.greeting == RecordedAnswer())
    #expect(try Self.read("call: 1").turns == [])
  }

  private static func whole() -> RecordedCall {
    var call = RecordedCall(name: "a \"name\" \\ of\nlines\u{7F}\u{2028}é 😀 # : - {")
    call.callerAudio = "caller.wav"
    call.agentAudio = "agent: 1.wav"
    call.timeline = "timeline.json"
    call.frameLength = .milliseconds(100)
    call.noInput = .seconds(6)
    call.greeting = RecordedAnswer(past: .init(answered: .milliseconds(12), length: .milliseconds(2500)))
    var expected = TurnExpectation()
    expected.answeredWithin = .milliseconds(900)
    expected.hasAudio = true
    expected.atLeast = .seconds(1)
    expected.atMost = .seconds(5)
    expected.events = ["CUSTOM_EVENT", "NO_MATCH"]
    expected.ending = .transfer
    let time = StepTime(begin: .overPrompt(.milliseconds(1200)), halfClose: .milliseconds(31))
    call.turns = [
      RecordedTurn(
        .say(.stretch(.milliseconds(1200) ..< .milliseconds(2500))), time: time,
        answer: RecordedAnswer(past: .init(answered: .milliseconds(700)), expected: expected)),
      RecordedTurn(.say(.file("null"))), RecordedTurn(.say(.masked(.seconds(2)))),
      RecordedTurn(.press([.one, nil, .star, .d]), time: StepTime(begin: .afterPrompt(.milliseconds(800)))),
      RecordedTurn(.stayQuiet),
      RecordedTurn(.custom(name: "true"), answer: RecordedAnswer(expected: TurnExpectation())),
      RecordedTurn(.wait(.seconds(3))), RecordedTurn(.vanish), RecordedTurn(.hangUp),
    ]
    return call
  }

  @Test("What is written is read again as it was")
  func roundTrip() throws {
    let call = Self.whole()
    let again = try Self.read(call.yaml)
    #expect(again == call)
    #expect(again.yaml == call.yaml)
  }

  @Test(
    "What is wrong is told with its line and what to write",
    arguments: [
      ("", ":1:1: the call is empty"), ("turns: []", "`call` is missing"),
      ("call: 2", "`call` of the call cannot be `2`"),
      ("- 1", "the call has to be a group of keys"), ("call: 1\nturns: 3", ":2:8: `turns` has to be a list"),
      ("call: 1\nturns: [{}]", "turn 1 has nothing that a caller does; write one of: say"),
      ("call: 1\nturns: [{say: a.wav, keys: \"1\"}]", "turn 1 has say and keys"),
      ("call: 1\nturns: [{say: ../a.wav}]", "has to be a file in the call's own folder"),
      ("call: 1\nturns: [{say: .a}]", "has to be a file in the call's own folder"),
      ("call: 1\ncaller: /etc/passwd", "has to be a file in the call's own folder"),
      ("call: 1\nturns: [{say: \"a\\u0000b\"}]", "has to be a file in the call's own folder"),
      ("call: 1\nturns: [{say: {from: 1s, to: 2s}}]", "is a stretch of no file"),
      ("call: 1\ncaller: c.wav\nturns: [{say: {from: 2s, to: 1s}}]", "is no stretch"),
      ("call: 1\ncaller: c.wav\nturns: [{say: {from: 2s, to: 2h}}]", "`to` of `say` of turn 1 cannot be `2h`"),
      ("call: 1\nturns: [{keys: \"1x\"}]", "has what is no key"),
      ("call: 1\nturns: [{keys: \"\(String(repeating: "1", count: 129))\"}]", "over 128 bytes"),
      ("call: 1\nturns: [{wait: 1s, after: 1s, over_prompt: 1s}]", "begins both after the prompt and over it"),
      ("call: 1\nturns: [{quiet: false}]", "is false; leave the turn out"),
      ("call: 1\nturns: [{wait: 1s, expect: {audio: true}}]", "nothing answers a `wait`"),
      ("call: 1\nturns: [{quiet: true, expect: {at_least: 2s, at_most: 1s}}]", "is over `at_most`"),
      ("call: 1\nturns: [{quiet: true, expect: {events: [X]}}]", "`events` of `expect` of turn 1 has `X`"),
      ("call: 1\nturns: [{quiet: true, expect: {ends: never}}]", "write transfer, end or none"),
      ("call: 1\nturns: [{quiet: true, expct: {}}]", "unknown key `expct` in turn 1; write expect"),
      ("call: 1\nframe: 2ms", "from 5ms to 1s"), ("call: 1\nframe: 2000ms", "from 5ms to 1s"),
      ("call: 1\na: &x [*x]", "anchors"), ("call: 1\nturns: [", "this is not YAML"),
    ])
  func problems(text: String, problem: String) {
    let found = Self.problems(text)
    #expect(found.contains { $0.contains(problem) }, "\(found)")
  }

  @Test("More turns than may be, and deeper text, are not read")
  func bounds() {
    let many = "call: 1\nturns:\n" + String(repeating: "- {quiet: true}\n", count: 1001)
    #expect(Self.problems(many).first?.contains("at most 1000 turns") == true)
    let deep = "call: 1\nturns: " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    #expect(Self.problems(deep).first?.contains("levels within one another") == true)
  }

  @Test("Bytes of any kind are read or refused, and what is read is written so that it is read again")
  func anyBytes() throws {
    var random = SeededRandom(7)
    let text = Array(Self.whole().yaml.utf8)
    var readable = 0
    for _ in 0..<400 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
        }
      }
      guard let call = try? RecordedCall(text: bytes, file: "f/call.yaml") else { continue }
      readable += 1
      #expect(try Self.read(call.yaml, file: "f/call.yaml") == call)
    }
    #expect(readable > 5)
  }
}
