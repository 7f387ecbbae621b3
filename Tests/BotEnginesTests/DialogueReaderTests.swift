import BotEngine
import Testing
import YAMLReading

@testable import BotEngines

@Suite("A DialogueReader makes of a script what the script says")
struct DialogueReaderTests {
  private func read(_ text: String) throws -> Dialogue {
    let reading = ScriptReading(file: "script.yaml")
    var reader = DialogueReader(reading: reading)
    return try reading.read(Array(text.utf8), of: "script.yaml", name: "the script", write: "") { reader.read($0) }
  }

  private func target(_ action: Dialogue.Action?) -> Int? {
    if case .goto(let index)? = action?.step { index } else { nil }
  }

  @Test("states are in their order, and a call begins in the first, or where `start` says")
  func order() throws {
    let states = "states: {b: {speech: a}, a: {speech: c}, c: {speech: b}}"
    let dialogue = try read(states)
    #expect(dialogue.start == 0 && dialogue.states.map { target($0.speech) } == [1, 2, 0])
    #expect(try read("start: c\n" + states).start == 2)
  }

  @Test("what the script says of all states holds where a state says nothing; the mode follows from what it answers")
  func listening() throws {
    let states = try read(
      """
      listen: {no_input_timeout: 8s, length: 4, barge_in: false}
      states:
        a: {speech: b}
        b: {digits: {"1": c}, listen: {length: 1, terminator: d, barge_in: true}}
        c: {speech: d, digits: {"1": d}}
        d: {speech: a, digits: {"1": a}, sensitive: true, listen: {mode: both, expects: yes_no}}
      """
    ).states
    #expect(states.map(\.listening.mode) == [.voice, .digits, .voiceAndDigits, .voiceAndDigits])
    #expect(states.map(\.listening.digitCount) == [4, 1, 4, 4])
    #expect(states.map(\.bargeIn) == [false, true, false, false])
    #expect(states.allSatisfy { $0.listening.noInputTimeout == 8000 })
    #expect(states[1].listening.terminator == "D" && states[3].listening.expects == .yesNo)
    #expect(states.map(\.isSensitive) == [false, false, false, true])
  }

  @Test("exact keys go before patterns, each in the script's order; `default` is for the others")
  func digits() throws {
    let state = try read(
      """
      states:
        a:
          digits: {"?": b, "12": a, "[2-4]": c, "7": c, default: {stay: true}}
        b: {then: c}
        c: {then: {end: true}}
      """
    ).states[0]
    #expect(state.digits.map(\.pattern.isExact) == [true, true, false, false])
    #expect(state.digits.map { target($0.action) } == [0, 2, 1, 2])
    guard case .stay? = state.otherDigits?.step else {
      Issue.record("default stays")
      return
    }
  }

  @Test("a transfer's data are read as YAML's core schema has them, and no digit is lost")
  func metadata() throws {
    let state = try read(
      """
      states:
        a:
          speech:
            transfer:
              summary: Wants more.
              metadata:
                whole: 12
                part: -0.5e1
                name: 007
                long: 9007199254740993
                quoted: "12"
                yes: true
                word: "true"
                none: ~
                infinite: 1e999
                list: [1, {x: y}]
      """
    ).states[0]
    guard case .transfer("Wants more.", let metadata)? = state.speech?.step else {
      Issue.record("no transfer")
      return
    }
    #expect(
      metadata == [
        "whole": .number(12), "part": .number(-5), "name": .string("007"), "long": .string("9007199254740993"),
        "quoted": .string("12"), "yes": .bool(true), "word": .string("true"), "none": .null,
        "infinite": .string("1e999"), "list": .list([.number(1), .object(["x": .string("y")])]),
      ])
  }

  @Test("silences, events, attempts and names of entries are kept; without them the defaults hold")
  func answers() throws {
    let states = try read(
      """
      states:
        a:
          digits: {"1": b}
          digits_as: account
          no_input: [{stay: true}, b]
          events: {hello: b, default: {stay: true}}
          attempts: {maximum: 3, then: b}
        b: {speech: {say: [{text: Good}, {text: bye}], end: true}}
      """
    ).states
    let (full, plain) = (states[0], states[1])
    #expect(full.silences.count == 2 && target(full.silences[1]) == 1 && full.digitsName == "account")
    #expect(target(full.events["hello"]) == 1 && full.otherEvents != nil)
    #expect(full.maximumAttempts == 3 && target(full.afterAttempts) == 1)
    #expect(plain.silences.isEmpty && plain.events.isEmpty && plain.otherEvents == nil && plain.digitsName == nil)
    #expect(plain.maximumAttempts == Dialogue.defaultAttempts && plain.speech?.say.count == 2)
    guard case .transfer(nil, [:]) = plain.afterAttempts.step else {
      Issue.record("transfers")
      return
    }
  }

  @Test("a name has 1 to 64 letters, digits, dashes and underscores")
  func names() {
    for name in ["a", "A-1_b", String(repeating: "x", count: 64)] { #expect(DialogueReader.isName(name)) }
    for name in ["", "a b", "a.b", "é", String(repeating: "x", count: 65)] { #expect(!DialogueReader.isName(name)) }
  }
}
