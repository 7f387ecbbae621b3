import SpeechDetection
import Testing

@Suite("The end silence follows what is expected, what was said and how the caller pauses")
struct AdaptiveSilenceTests {
  /// What is heard of a caller, on the clock of the samples: 20 ms at a time.
  private struct Line {
    var endpointer: Endpointer
    var decisions: [SpeechDecision] = []

    init(_ expected: ExpectedSpeech, adaptive: AdaptiveSilence? = AdaptiveSilence(), endSilence: Int = 700) {
      endpointer = Endpointer(
        settings: EndpointingSettings(endSilence: endSilence, adaptive: adaptive, expected: expected))
      silent(400)
    }

    private mutating func hear(_ milliseconds: Int, _ evidence: SpeechEvidence, _ loudness: Float) {
      for _ in 0..<milliseconds / 20 {
        if let decision = endpointer.advance(evidence, loudness: loudness) { decisions.append(decision) }
      }
    }

    mutating func silent(_ milliseconds: Int) { hear(milliseconds, .none, 5) }

    /// Speech without syllables.
    mutating func speak(_ milliseconds: Int) { hear(milliseconds, .certain, 16) }

    /// Digits of one syllable each, said in a row: a third of a second each.
    mutating func digits(_ count: Int) {
      for _ in 0..<count {
        hear(220, .certain, 16)
        hear(100, .certain, 11)
      }
    }

    /// How long the silences were that ended turns.
    var waits: [Int] {
      decisions.compactMap { if case .ended(let at, let decidedAt, .silence) = $0 { decidedAt - at } else { nil } }
    }

    var why: String? { endpointer.lastSilence?.reasons.text }
  }

  @Test(
    "without bounds, nothing of it matters", arguments: [ExpectedSpeech.anything, .yesNo, .digits(count: 9), .free])
  func off(expected: ExpectedSpeech) {
    var line = Line(expected, adaptive: nil)
    for pause in [600, 600, 2000] {
      line.digits(1)
      line.silent(pause)
    }
    #expect(line.waits == [700])
    #expect(line.why == "end_silence")
  }

  @Test("a yes is over soon; who says more than a word is waited for as any")
  func yes() {
    var line = Line(.yesNo)
    line.speak(400)
    line.silent(2000)
    #expect(line.waits == [260])
    #expect(line.why == "yes_no+bound")
    line.speak(1600)
    line.silent(2000)
    #expect(line.waits.last == 520)
    #expect(line.why == "free")
  }

  @Test("digits in groups are one turn, with 1,100 ms between the groups, and it is over soon after the last")
  func digitsInGroups() {
    var line = Line(.digits(count: 8))
    line.digits(3)
    line.silent(1100)
    line.digits(3)
    line.silent(1100)
    #expect(line.decisions.count == 1, "\(line.decisions)")
    line.digits(2)
    line.silent(2000)
    #expect(line.waits.count == 1 && line.waits[0] < 700, "\(line.waits)")
    // The second time they are as many syllables more.
    line.digits(5)
    line.silent(1100)
    line.digits(5)
    line.silent(2000)
    #expect(line.waits.count == 2)
    #expect(line.waits[1] == 260)
    #expect(line.why == "digits_complete+bound")
  }

  @Test("digits that nobody has counted are waited for longer than other things")
  func uncounted() {
    var line = Line(.digits(count: nil))
    line.digits(3)
    line.silent(860)
    line.digits(3)
    line.silent(2000)
    #expect(line.waits.count == 1 && line.waits[0] > 860)
    #expect(line.why?.hasPrefix("digits") == true)
  }

  @Test("a caller with long pauses is given longer ones, one with short pauses shorter ones, within the bounds")
  func callersPauses() {
    func wait(_ pause: Int, bounds: AdaptiveSilence = AdaptiveSilence()) -> Int? {
      var line = Line(.anything, adaptive: bounds)
      for _ in 0..<8 {
        line.speak(1000)
        line.silent(pause)
      }
      line.speak(1000)
      line.silent(2000)
      return line.waits.count == 1 ? line.waits[0] : nil
    }
    let usual = wait(400) ?? 0, short = wait(180) ?? 0, long = wait(580) ?? 0
    #expect(short < usual && usual < long, "\(short) \(usual) \(long)")
    #expect(wait(580, bounds: AdaptiveSilence(minimum: 250, maximum: 600)) == 600)
    #expect(wait(180, bounds: AdaptiveSilence(minimum: 660, maximum: 800)) == 660)
  }

  @Test("a caller who has said hardly anything of something longer is waited for")
  func shortUtterance() {
    var line = Line(.address)
    line.speak(300)
    line.silent(1200)
    line.speak(3500)
    line.silent(2000)
    #expect(line.waits.count == 1 && line.waits[0] < 800, "\(line.waits)")
    line.speak(300)
    line.silent(2000)
    #expect(line.waits.count == 2 && line.waits[1] > 1200, "\(line.waits)")
    #expect(line.why?.contains("address+short_utterance") == true)
  }

  @Test("what is expected may change in the middle of a silence")
  func change() {
    var line = Line(.digits(count: nil))
    line.speak(400)
    line.silent(500)
    #expect(line.waits.isEmpty)
    line.endpointer.settings.expected = .yesNo
    line.silent(20)
    #expect(line.waits == [520])
  }

  @Test("a turn that is probably not over is guessed to be over as much later")
  func eager() {
    var line = Line(.digits(count: 8))
    line.endpointer.settings.eagerSilence = 240
    line.digits(3)
    line.silent(860)
    #expect(line.decisions.count == 1)
    line.silent(60)
    #expect(line.decisions.count == 2)
    guard case .paused(let at, let decidedAt)? = line.decisions.last else {
      Issue.record("\(line.decisions)")
      return
    }
    #expect(decidedAt - at == 880)
  }

  @Test("bounds are brought into their range")
  func bounds() {
    #expect(AdaptiveSilence(minimum: -5, maximum: -9) == AdaptiveSilence(minimum: 100, maximum: 100))
    #expect(AdaptiveSilence(minimum: .max, maximum: .max) == AdaptiveSilence(minimum: 10_000, maximum: 10_000))
  }
}
