import AudioCodecs
import Glibc
import Testing
import YAMLReading

@testable import BotEngines

/// A script with one mistake, and the line that tells of it.
struct Mistake: Sendable, CustomTestStringConvertible {
  let script: String
  let problem: String
  var testDescription: String { problem }

  init(_ script: String, _ problem: String) {
    self.script = script
    self.problem = problem
  }
}

@Suite("A script with mistakes is refused", .timeLimit(.minutes(1)))
struct ScriptErrorTests {
  private let folder: ScriptFolder

  init() throws { folder = try ScriptFolder() }

  @Test(
    "with the line, the column, what is wrong and what to write",
    arguments: [
      Mistake("", "1:1: the script is empty; write `states:`"),
      Mistake("- a\n", "1:1: the script has to be a group of keys, this is a list"),
      Mistake("start: a\n", "1:1: the script has no `states`; write `states:`"),
      Mistake("states: []\n", "1:9: `states` holds no states"),
      Mistake("states:\n", "1:8: `states` holds no states"),
      Mistake("states: {a: {then: {end: true}}}\nstats: 1\n", "2:1: unknown key `stats` in the script; write states"),
      Mistake("states: {a: {then: {end: true}}\n", "2:1: this is not YAML"),
      Mistake("states: {a b: {then: {end: true}}}\n", "1:10: `a b` cannot be the name of a state"),
      Mistake("start: b\nstates: {a: {then: {end: true}}}\n", "1:8: there is no state `b`; write a"),
      Mistake("states:\n  a: 1\n", "2:6: the state a has to be a group of keys, this is a single value"),
      Mistake("states:\n  a: {say: {text: Hi}}\n", "2:3: the state a leads nowhere; write `digits`"),
      Mistake(
        "states:\n  a:\n    then: {end: true}\n    sya: {text: Hi}\n",
        "4:5: unknown key `sya` in the state a; write say"),
      Mistake(
        "states: {a: {speech: welcom}, welcome: {then: {end: true}}}\n", "there is no state `welcom`; write welcome"),
      Mistake("states:\n  a: {speech: {goto: b}}\n", "2:22: there is no state `b`; write a"),
      Mistake("states:\n  a: {speech: {say: {text: Hi}}}\n", "2:15: `speech` of the state a goes nowhere"),
      Mistake(
        "states:\n  a: {speech: {end: true, goto: a}}\n",
        "2:15: `speech` of the state a goes to more than one place: goto, end; write one of"),
      Mistake("states:\n  a: {speech: {end: false}}\n", "2:16: `end: false` says nothing"),
      Mistake(
        "states:\n  a: {speech: {end: \"true\"}}\n", "2:21: `end` of `speech` of the state a has to be true or false"),
      Mistake(
        "states:\n  a: {speech: [a]}\n", "2:15: `speech` of the state a has to be a group of keys, this is a list"),
      Mistake("states:\n  a: {speech: }\n", "2:15: `speech` of the state a has to be a group of keys, this is empty"),
      Mistake("states:\n  a: {speech: {goto: a, sya: 1}}\n", "2:25: unknown key `sya` in `speech` of the state a"),
      Mistake("states:\n  a: {then: {stay: true}}\n", "2:14: `then` of the state a cannot stay"),
      Mistake(
        "states:\n  a: {then: {end: true}, speech: a}\n",
        "2:26: the state a goes on by `then`, so it never comes to `speech`"),
      Mistake("states:\n  a: {speech: {transfer: {sumary: x}}}\n", "2:27: unknown key `sumary` in `transfer`"),
      Mistake(
        "states:\n  a: {speech: {transfer: yes}}\n", "2:26: `transfer` of `speech` of the state a has to be a group"),
      Mistake(
        "states:\n  a: {digits: {\"x\": a}}\n", "2:16: the keys `x` of the state a: this has a `x`, which is no key"),
      Mistake(
        "states:\n  a: {digits: {\"[12\": a}}\n", "2:16: the keys `[12` of the state a: this has a [ without its ]"),
      Mistake("states:\n  a: {digits: {\"1\": a, \"1\": a}}\n", "2:24: `1` is given already in line 2"),
      Mistake("states:\n  a:\n    digits: {[2-4]: a}\n", "3:14: a key has to be a word"),
      Mistake(
        "states:\n  a:\n    listen: {length: 2}\n    digits: {\"???\": a}\n",
        "4:5: the state a waits for 3 keys and listens for no more than 2"),
      Mistake(
        "states:\n  a: {speech: a, listen: {mode: talk}}\n", "2:33: `mode` of `listen` of the state a cannot be `talk`"),
      Mistake(
        "states:\n  a: {speech: a, listen: {mode: both}}\n", "2:18: the state a listens for digits and has no `digits`"),
      Mistake(
        "states:\n  a: {digits: {\"1\": a}, listen: {mode: voice}}\n",
        "the state a listens for speech and has no `speech`"),
      Mistake(
        "listen: {mode: voice}\nstates: {a: {speech: a}}\n", "1:10: unknown key `mode` in `listen` of the script"),
      Mistake(
        "states:\n  a: {speech: a, listen: {length: 65}}\n", "2:35: `length` of `listen` of the state a cannot be `65`"),
      Mistake(
        "states:\n  a: {speech: a, listen: {terminator: ab}}\n",
        "2:39: `terminator` of `listen` of the state a cannot be"),
      Mistake(
        "states:\n  a: {speech: a, listen: {no_input_timeout: 8}}\n",
        "2:45: `no_input_timeout` of `listen` of the state a cannot be `8`; write a whole number with its unit"),
      Mistake(
        "states:\n  a: {speech: a, listen: {expects: words}}\n",
        "2:36: `expects` of `listen` of the state a cannot be `words`; write yes_no, digits, address or free"),
      Mistake("states:\n  a: {speech: a, listen: {end_silence: 11s}}\n", "from 100ms to 10s"),
      Mistake("states:\n  a: {speech: a, listen: {maximum_speech: 99999999999999999999s}}\n", "from 1s to 10m"),
      Mistake(
        "states:\n  a: {speech: a, listen: {barge_in: no}}\n", "2:37: `barge_in` of `listen` of the state a has to be"),
      Mistake("states:\n  a: {speech: a, listen: {length: 4, foo: 1}}\n", "2:38: unknown key `foo` in `listen`"),
      Mistake("states:\n  a: {speech: a, sensitive: 1}\n", "2:29: `sensitive` of the state a has to be true or false"),
      Mistake(
        "states:\n  a: {digits: {\"1\": a}, sensitive: true, digits_as: pin}\n",
        "2:53: the state a is sensitive, so what is keyed there goes nowhere"),
      Mistake("states:\n  a: {speech: a, digits_as: pin}\n", "2:29: the state a takes no digits to keep"),
      Mistake("states:\n  a: {digits: {\"1\": a}, digits_as: p n}\n", "2:36: `p n` cannot be the name of an entry"),
      Mistake(
        "states:\n  a: {digits: {\"1\": {transfer: {metadata: {pin: x}}}}, digits_as: pin}\n",
        "`digits_as: pin` has the name of something in a transfer's metadata"),
      Mistake(
        "states:\n  a: {speech: a, attempts: {maximum: 0, then: a}}\n", "2:38: `maximum` of `attempts` of the state a"),
      Mistake("states:\n  a: {speech: a, attempts: {maximum: 2}}\n", "2:28: `attempts` of the state a has no `then`"),
      Mistake(
        "states:\n  a:\n    speech: a\n    no_input: [a, a]\n    attempts: {maximum: 2, then: a}\n",
        "4:5: `no_input` of the state a lists 2, and `attempts` ends after 2; keep at most 1"),
      Mistake(
        "states:\n  a: {speech: a, no_input: []}\n", "2:28: `no_input` of the state a is a list of 0; write 1 to 10"),
      Mistake("states:\n  a: {speech: a, say: Hi}\n", "2:23: `say` of the state a has to be a group of keys"),
      Mistake("states:\n  a: {speech: a, say: {}}\n", "2:23: `say` of the state a has neither `play` nor `text`"),
      Mistake("states:\n  a: {speech: a, say: {text: Hi, play: a.wav}}\n", "2:23: `say` of the state a has both"),
      Mistake(
        "states:\n  a: {speech: a, say: {text: \"  \"}}\n", "2:30: `text` of `say` of the state a has to be text"),
      Mistake(
        "states:\n  a: {speech: a, say: {text: Hi, transcript: Hi}}\n", "2:34: `transcript` is the words of a sound"),
      Mistake(
        "states:\n  a: {speech: a, say: {play: no.wav}}\n", "2:30: no.wav cannot be read (No such file or directory)"),
      Mistake("states:\n  a: {speech: a, say: {play: .}}\n", "2:30: . is no file; write the path"),
      Mistake("states:\n  a: {speech: a, say: {play: notes.wav}}\n", "2:30: notes.wav: Not a WAV file"),
      Mistake(
        "states:\n  a: {speech: a, say: {play: stereo.wav}}\n", "2:30: stereo.wav: A WAV file of 2 channels; use one"),
      Mistake(
        "states:\n  a: {speech: a, say: {play: 11025.wav}}\n", "2:30: 11025.wav: A WAV file of 11025 samples a second"),
      Mistake("states:\n  a: {speech: a, say: {play: empty.wav}}\n", "2:30: empty.wav holds no audio"),
      Mistake("states:\n  a: {speech: a, say: {play: large.wav}}\n", "2:30: large.wav is over 10 MB"),
      Mistake("states:\n  a: {speech: a}\n  b: {speech: a}\n", "3:3: no call comes to the state `b`; go to it"),
      Mistake(
        "states:\n  a: {then: b}\n  b: {then: {goto: a}}\n",
        "2:13: the states around `a` lead to one another by `then` without ever listening"),
      Mistake("states:\n  a: {then: a}\n", "2:13: the states around `a` lead to one another by `then`"),
      Mistake(
        "states:\n  a: {speech: b, say: {play: long.wav}}\n  b: {say: {play: long.wav}, then: a}\n",
        "2:15: what is said from here to where the caller is heard again is over 240 seconds"),
      Mistake("states:\n  a: &x {speech: a}\n", "2:6: anchors (&name) are not taken; write the value out"),
      Mistake(
        "states:\n  a: {speech: a}\n  a: {speech: a}\n", "3:3: `a` is given already in line 2; keep one of the two"),
      Mistake("states:\n  a: {events: {x: }}\n", "the event x has to be a group of keys, this is empty"),
    ])
  func mistakes(_ mistake: Mistake) throws {
    try folder.write("script.yaml", Array(mistake.script.utf8))
    if mistake.script.contains("long.wav") { try folder.writeSound("long.wav", milliseconds: 121_000) }
    try folder.write("notes.wav", Array("These are notes, not sounds.".utf8))
    var stereo = WAVFile(samples: [1, 2, 3, 4], format: AudioFormat(encoding: .linear16, sampleRate: 8000)).bytes
    try folder.write("empty.wav", WAVFile(format: .telephone, audio: []).bytes)
    var odd = stereo
    stereo[22] = 2
    try folder.write("stereo.wav", stereo)
    odd[24] = 0x11
    odd[25] = 0x2B
    try folder.write("11025.wav", odd)
    if mistake.script.contains("large.wav") { try folder.write("large.wav", .init(repeating: 0, count: 10_000_001)) }
    let problems = folder.problems(mistake.script)
    #expect(problems.contains { $0.contains(mistake.problem) }, "\(problems.joined(separator: "\n"))")
    #expect(problems.count == 1, "\(problems.joined(separator: "\n"))")
  }

  @Test("all at once, in the order of the lines, with the file's name before each")
  func allMistakes() throws {
    let path = try folder.write(
      "bad.yaml",
      Array(
        """
        start: nowhere
        states:
          a:
            say: {play: missing.wav}
            digits: {"x": b}
            listen: {length: many}
            speeech: a

        """.utf8))
    do {
      _ = try ScriptedEngine(script: path)
      Issue.record("the script was taken")
    } catch {
      let places = error.description.split(separator: "\n").map { $0.prefix(path.utf8.count + 2) }
      #expect(places == [1, 4, 5, 5, 6, 7].map { "\(path):\($0)" })
    }
  }

  @Test("as a whole where it cannot be read: missing, a folder, a device, over 1 MiB")
  func unreadable() throws {
    let large = try folder.write(
      "large.yaml", .init(repeating: UInt8(ascii: "#"), count: ScriptedEngine.maximumScript + 1))
    for (path, problem) in [
      ("\(folder.path)/none.yaml", "none.yaml: the script cannot be read (No such file or directory)"),
      (folder.path, "the script is no file"), ("/dev/null", "/dev/null: the script is no file"),
      (large, "the script is over 1 MiB"),
    ] {
      do {
        _ = try ScriptedEngine(script: path)
        Issue.record("\(path) was taken")
      } catch {
        #expect(error.description.contains(problem), "\(error)")
        #expect(error.problems.map(\.place) == [.wholeFile(path)])
      }
    }
  }

  @Test("within bounds: states, problems, lists, levels")
  func bounds() {
    let states = (0...1000).map { "  s\($0): {speech: s\(($0 + 1) % 1001)}\n" }.joined()
    #expect(folder.problems("states:\n" + states) == ["1:1: the script has 1001 states; keep at most 1000"])
    let wrong = (0..<900).map { "  s\($0): {spech: a}\n" }.joined()
    #expect(folder.problems("states:\n" + wrong).count == ScriptReading.maximumProblems)
    let prompts = Array(repeating: "{text: Hi}", count: 17).joined(separator: ", ")
    #expect(folder.problems("states: {a: {speech: a, say: [\(prompts)]}}").first?.contains("a list of 17") == true)
    let deep = "states: {a: {speech: {transfer: {metadata: {x: [[[[1]]]]}}}}}"
    #expect(folder.problems(deep).first?.contains("over 4 levels") == true)
    let many = Array(repeating: "1", count: 300).joined(separator: ",")
    let wide = "states: {a: {speech: {transfer: {metadata: {x: [\(many)]}}}}}"
    #expect(folder.problems(wide).first?.contains("holds 301 values; keep at most 256") == true)
    let long = String(repeating: "a", count: 2001)
    #expect(folder.problems("states: {a: {speech: a, say: {text: \(long)}}}").first?.contains("2000 bytes") == true)
    #expect(folder.problems(Array(repeating: UInt8(ascii: "["), count: 1 << 20)).count == 1)
  }

  @Test("in reasonable time, although it holds as many mistakes as fit")
  func manyMistakes() {
    let names = (0..<1000).map { "state-with-a-rather-long-name-\($0)" }
    var script = "states:\n"
    for name in names {
      script += "  \(name): {digits: {"
      script += (0..<18).map { "\"\($0)\": stote-with-a-rother-long-nome-\($0)" }.joined(separator: ", ") + "}}\n"
    }
    let bytes = Array(script.utf8.prefix(ScriptedEngine.maximumScript))
    let begin = threadSeconds
    #expect(folder.problems(bytes).count == ScriptReading.maximumProblems)
    #expect(bytes.count > 700_000)
    // It takes about two seconds without optimization and under a minute with a sanitizer; looking for all suggestions
    // would take minutes.
    #expect(threadSeconds - begin < 60)
  }

  /// What the thread has computed so far, however busy the machine is.
  private var threadSeconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec
  }

  @Test("without a crash, whatever it holds", .timeLimit(.minutes(1)))
  func mutations() throws {
    let seed = Array(
      """
      start: a
      listen: {no_input_timeout: 8s}
      states:
        a:
          say: [{text: Hi}, {text: "You"}]
          listen: {mode: both, length: 4, terminator: "#"}
          digits: {"1": b, "[2-4]?": {say: {text: x}, goto: a}, default: {stay: true}}
          speech: {transfer: {summary: s, metadata: {x: 1, y: [true, null]}}}
          no_input: [{stay: true}, {end: true}]
          events: {e: b, default: {stay: true}}
          attempts: {maximum: 5, then: {transfer: true}}
          digits_as: account
        b: {sensitive: true, digits: {"????": {end: true}}}

      """.utf8)
    #expect(folder.problems(seed).isEmpty)
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("\n :{}[],\"#*?&!|>-~%@`'ab1\t\\\u{0}".utf8) + [0xFF, 0xC3]
    for _ in 0..<2000 {
      var text = seed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let index = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[index] = alphabet.randomElement(using: &random) ?? 0
        case 1: text.remove(at: index)
        case 2: text.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
        default: text.removeSubrange(index..<min(text.count, index + 40))
        }
        if text.isEmpty { break }
      }
      for problem in folder.problems(text) { #expect(problem.first?.isNumber == true) }
    }
  }
}
