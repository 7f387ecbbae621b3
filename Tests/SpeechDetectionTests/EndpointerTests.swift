import SpeechDetection
import Testing

/// A row of frames of 20 ms: `.` without and `#` with speech, a number in front for how many.
struct Frames: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  let flags: [Bool]
  let description: String

  init(stringLiteral text: String) {
    description = text
    flags = text.split(separator: " ").flatMap { run in
      [Bool](repeating: run.last == "#", count: Int(run.dropLast()) ?? 1)
    }
  }
}

@Suite struct EndpointerTests {
  private func decisions(
    _ frames: Frames, _ settings: EndpointingSettings = EndpointingSettings(), finishes: Bool = false
  ) -> [SpeechDecision] {
    var endpointer = Endpointer(settings: settings)
    var decisions = frames.flags.compactMap { endpointer.advance($0 ? .certain : .none) }
    if finishes, let last = endpointer.finish() { decisions.append(last) }
    return decisions
  }

  @Test(
    "speech that may be over is told after the eager silence, and whether it went on",
    arguments: [
      // A word, then silence.
      (
        "10. 5# 40.",
        [
          .started(at: 200, decidedAt: 300), .paused(at: 300, decidedAt: 560),
          .ended(at: 300, decidedAt: 1000, reason: .silence),
        ]
      ),
      // A pause that is shorter, one that is not, and a click in one, which is nothing.
      (
        "10. 5# 12. 5# 13. 1# 6. 5# 60.",
        [
          .started(at: 200, decidedAt: 300), .paused(at: 640, decidedAt: 900), .resumed(at: 1040, decidedAt: 1080),
          .paused(at: 1140, decidedAt: 1400), .ended(at: 1140, decidedAt: 1840, reason: .silence),
        ]
      ),
    ] as [(Frames, [SpeechDecision])])
  func eager(frames: Frames, expected: [SpeechDecision]) {
    #expect(decisions(frames, EndpointingSettings(eagerSilence: 260)) == expected)
    // The turns are the same as without.
    let turns = expected.filter { if case .paused = $0 { false } else if case .resumed = $0 { false } else { true } }
    #expect(decisions(frames) == turns)
  }

  @Test("an eager silence no shorter than the end silence says nothing")
  func eagerTooLong() {
    #expect(decisions("10. 5# 60.", EndpointingSettings(eagerSilence: 700)).count == 2)
  }

  @Test("the longest utterance ends a turn that may be over, and one that has just gone on")
  func eagerMaximum() {
    let settings = EndpointingSettings(maximumUtterance: 1000, eagerSilence: 260)
    #expect(
      decisions("5# 30. 20#", settings).prefix(3) == [
        .started(at: 0, decidedAt: 100), .paused(at: 100, decidedAt: 360), .resumed(at: 700, decidedAt: 740),
      ])
    #expect(decisions("45# 20.", settings).last == .ended(at: 900, decidedAt: 1000, reason: .maximumUtterance))
  }

  static let table: [(Frames, [SpeechDecision])] = [
    ("500.", []),
    // Speech of exactly the least length, and of one frame less.
    ("50. 4# 50.", []),
    ("50. 5# 34.", [.started(at: 1000, decidedAt: 1100)]),
    (
      "50. 5# 35.",
      [.started(at: 1000, decidedAt: 1100), .ended(at: 1100, decidedAt: 1800, reason: .silence)]
    ),
    ("5# 1.", [.started(at: 0, decidedAt: 100)]),
    // Gaps within the first word; its speech within 200 ms counts together.
    ("10. 3# 3. 2# 1.", [.started(at: 200, decidedAt: 360)]),
    ("10. 2# 5. 3# 1.", [.started(at: 200, decidedAt: 400)]),
    ("10. 2# 6. 3# 1.", []),
    ("10. 2# 6. 5# 1.", [.started(at: 360, decidedAt: 460)]),
    // Clicks.
    ("10. 1# 20. 1# 20. 1# 20. 1# 20. 1#", []),
    // A pause just shorter than the end silence belongs to the turn.
    (
      "10. 20# 34. 20# 40.",
      [.started(at: 200, decidedAt: 300), .ended(at: 1680, decidedAt: 2380, reason: .silence)]
    ),
    // Speech that resumes in the last frame of the end silence is waited for, a click there is not.
    (
      "10. 20# 34. 1# 40.",
      [.started(at: 200, decidedAt: 300), .ended(at: 600, decidedAt: 1320, reason: .silence)]
    ),
    // A click in the pause does not prolong it, two frames running do.
    (
      "10. 20# 20. 1# 20.",
      [.started(at: 200, decidedAt: 300), .ended(at: 600, decidedAt: 1300, reason: .silence)]
    ),
    (
      "10. 20# 20. 2# 40.",
      [.started(at: 200, decidedAt: 300), .ended(at: 1040, decidedAt: 1740, reason: .silence)]
    ),
    // Soon after a word, a single frame is its end.
    (
      "10. 20# 8. 1# 40.",
      [.started(at: 200, decidedAt: 300), .ended(at: 780, decidedAt: 1480, reason: .silence)]
    ),
    // Two turns.
    (
      "10. 5# 35. 10. 5# 35.",
      [
        .started(at: 200, decidedAt: 300), .ended(at: 300, decidedAt: 1000, reason: .silence),
        .started(at: 1200, decidedAt: 1300), .ended(at: 1300, decidedAt: 2000, reason: .silence),
      ]
    ),
  ]

  @Test(
    "Wire 5: speech begins after the least speech and ends after the end silence, to the millisecond", arguments: table)
  func decisionTable(frames: Frames, expected: [SpeechDecision]) {
    #expect(decisions(frames) == expected)
  }

  @Test("Wire 5: speech that resumes before the end silence merges into the same turn")
  func grace() {
    let frames: Frames = "10. 10# 30. 10# 30. 10# 40."
    #expect(
      decisions(frames) == [
        .started(at: 200, decidedAt: 300), .ended(at: 2000, decidedAt: 2700, reason: .silence),
      ])
  }

  @Test("Wire 5: while a prompt plays that may be interrupted, 300 ms of speech are needed")
  func duringPrompt() {
    let settings = EndpointingSettings(minimumSpeech: 300)
    #expect(decisions("10. 14# 40.", settings).isEmpty)
    #expect(decisions("10. 15# 1.", settings) == [.started(at: 200, decidedAt: 500)])
    #expect(decisions("10. 8# 7. 7# 1.", settings) == [.started(at: 200, decidedAt: 640)])
    #expect(decisions("10. 5# 20. 5# 20. 5# 20.", settings).isEmpty)
  }

  @Test("Wire 5: the least speech may change while listening, as the prompt ends")
  func changingMinimum() {
    var endpointer = Endpointer(settings: EndpointingSettings(minimumSpeech: 300))
    for _ in 0..<10 { #expect(endpointer.advance(.certain) == nil) }
    endpointer.settings.minimumSpeech = 100
    #expect(endpointer.advance(.certain) == .started(at: 0, decidedAt: 220))
  }

  @Test("Wire 5: an end that is due is held for a trace of more, and for no longer than that takes to be judged")
  func holding() {
    func end(_ last: [SpeechEvidence]) -> [SpeechDecision] {
      var endpointer = Endpointer()
      let frames =
        [SpeechEvidence](repeating: .certain, count: 10) + [SpeechEvidence](repeating: .none, count: 34) + last
      return frames.compactMap { endpointer.advance($0) }
    }
    #expect(end([.none]).last == .ended(at: 200, decidedAt: 900, reason: .silence))
    #expect(end([.trace, .none]).last == .ended(at: 200, decidedAt: 920, reason: .silence))
    #expect(end([.trace, .trace, .trace, .trace, .trace]).last == .ended(at: 200, decidedAt: 960, reason: .silence))
    #expect(end([.trace, .possible, .possible] + [SpeechEvidence](repeating: .none, count: 34)).count == 1)
  }

  @Test("Wire 5: the longest utterance ends the turn, and what goes on is the next")
  func maximumUtterance() {
    let settings = EndpointingSettings(maximumUtterance: 1000)
    #expect(
      decisions("10. 60#", settings) == [
        .started(at: 200, decidedAt: 300), .ended(at: 1200, decidedAt: 1200, reason: .maximumUtterance),
        .started(at: 1200, decidedAt: 1300),
      ])
    let sixty = decisions("10. 4000#")
    #expect(sixty[1] == .ended(at: 60_200, decidedAt: 60_200, reason: .maximumUtterance))
  }

  @Test("A bot's end silence holds at once", arguments: [100, 300, 1500, 10_000])
  func endSilence(milliseconds: Int) {
    let frames = Frames(stringLiteral: "10. 10# \(milliseconds / 20 + 1).")
    #expect(
      decisions(frames, EndpointingSettings(endSilence: milliseconds)).last
        == .ended(at: 400, decidedAt: 400 + milliseconds, reason: .silence))
  }

  @Test("The end of the stream ends speech that has begun, and only that")
  func endOfStream() {
    #expect(decisions("10. 20# 10.", finishes: true).last == .ended(at: 600, decidedAt: 800, reason: .endOfStream))
    #expect(decisions("10. 4#", finishes: true).isEmpty)
    #expect(decisions("10. 20# 40.", finishes: true).count == 2)
  }

  @Test("Time that is not listened to passes, and what was heard before it is forgotten")
  func skipping() {
    var endpointer = Endpointer()
    for _ in 0..<4 { _ = endpointer.advance(.certain) }
    endpointer.skip(milliseconds: 1000)
    #expect(endpointer.advance(.certain) == nil)
    #expect(endpointer.now == 1100)
  }

  @Test("Settings out of range are brought into it")
  func clamping() {
    let low = EndpointingSettings(minimumSpeech: .min, endSilence: -1, preroll: -1, maximumUtterance: 0)
    #expect(low == EndpointingSettings(minimumSpeech: 20, endSilence: 100, preroll: 0, maximumUtterance: 1000))
    var high = EndpointingSettings()
    high.minimumSpeech = .max
    high.endSilence = .max
    high.preroll = .max
    high.maximumUtterance = .max
    #expect(
      high == EndpointingSettings(minimumSpeech: 1000, endSilence: 10_000, preroll: 2000, maximumUtterance: 600_000))
  }

  @Test("A frame length of 10, 20 or 30 ms gives the same times", arguments: [10, 20, 30])
  func frameLengths(milliseconds: Int) {
    for minimum in [120, 300, 960] {
      var endpointer = Endpointer(
        settings: EndpointingSettings(minimumSpeech: minimum, endSilence: 600), frameMilliseconds: milliseconds)
      var decisions: [SpeechDecision] = []
      for time in stride(from: 0, to: 6000, by: milliseconds) {
        if let decision = endpointer.advance((600..<2400).contains(time) ? .certain : .none) {
          decisions.append(decision)
        }
      }
      #expect(decisions.count == 2)
      #expect(decisions.last == .ended(at: 2400, decidedAt: 3000, reason: .silence))
      guard case .started(let at, let decidedAt) = decisions.first else { continue }
      // A window has 64 frames: at 10 ms it cannot count more than 640 ms of speech.
      #expect(decidedAt - at == min(minimum, 64 * milliseconds))
      #expect(at == 600)
    }
  }
}
