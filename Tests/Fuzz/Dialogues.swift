// A fuzz target for libFuzzer: a script of a dialogue, and a call through it. Built and run by Scripts/fuzz, together with
// the readers of scripts.

import BotEngine
import YAMLReading

/// libFuzzer calls this for every input: the script, and after a NUL byte what happens in the call.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDialogue(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  // Sounds are found beside the script: one lies there.
  let reading = ScriptReading(file: "Tests/Fuzz/Corpus/calls/script.yaml")
  var reader = DialogueReader(reading: reading)
  let dialogue: Dialogue
  do throws(ConfigurationError) {
    dialogue = try reading.read(Array(parts[0]), of: "script.yaml", name: "the script", write: "") { reader.read($0) }
  } catch {
    for problem in error.problems {
      let text = problem.message + (problem.remedy ?? "")
      precondition(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(problem)")
    }
    return 0
  }
  precondition(dialogue.states.indices.contains(dialogue.start))
  precondition(dialogue.states.count <= DialogueReader.maximumStates)
  hold(dialogue, parts.count > 1 ? parts[1].prefix(256) : [])
  return 0
}

/// A call: each byte is something that the caller does.
private func hold(_ dialogue: Dialogue, _ events: ArraySlice<UInt8>) {
  var run = DialogueRun(dialogue)
  var farewell: BotCommand?
  check(run.answer(to: .started), &farewell)
  for byte in events {
    let keys = String(decoding: [0x30 + byte % 10, 0x30 + byte / 10 % 10], as: UTF8.self)
    let event: CallerEvent =
      switch byte >> 5 {
      case 0: .speechEnded(offset: Int(byte))
      case 1: .noInput
      case 2: .digits(String(keys.prefix(Int(byte % 3))))
      case 3: .digits(String(Character(Unicode.Scalar(byte))))
      case 4: .custom(name: byte % 2 == 0 ? "default" : "offer", parameters: [:])
      case 5: .started
      case 6: .digits(String(repeating: "1*a", count: Int(byte % 32)))
      default: .interrupted(playedMilliseconds: 100)
      }
    let commands = run.answer(to: event)
    if event.expectsAnswer { check(commands, &farewell) } else { precondition(commands.isEmpty) }
  }
}

/// Each answer ends with what becomes of the caller, once; after a farewell there is only that.
private func check(_ commands: [BotCommand], _ farewell: inout BotCommand?) {
  var seconds = 0
  for (index, command) in commands.enumerated() {
    let isLast = index == commands.count - 1
    switch command {
    case .endTurn: precondition(isLast && farewell == nil)
    case .transfer, .end:
      precondition(isLast && (farewell.map { "\($0)" == "\(command)" } ?? true), "two farewells")
      farewell = command
    case .audio(let audio):
      precondition(farewell == nil && !isLast)
      if case .mulaw(let codes) = audio.content { seconds += codes.count / 8000 }
    default: precondition(farewell == nil && !isLast)
    }
  }
  precondition(!commands.isEmpty && seconds <= Dialogue.maximumAnswer / 8000, "an answer of \(seconds) s")
}
