import Testing

@testable import SpeechDetection

@Suite("Somebody who may have begun to speak")
struct OnsetWatchTests {
  /// What it makes of frames: `#` likely, `+` possible, `.` none; whether somebody is heard after each.
  private func play(_ frames: String, _ watch: inout OnsetWatch) -> (heard: String, over: Int) {
    var over = 0
    let heard = frames.map { frame in
      if watch.advance(frame == "#" ? .likely : frame == "+" ? .possible : .none) { over += 1 }
      return watch.isHeard ? "1" : "0"
    }
    return (heard.joined(), over)
  }

  @Test("is heard after 80 ms of likely speech within 160 ms")
  func heard() {
    var watch = OnsetWatch()
    #expect(play("..##.##", &watch).heard == "0000001")
    var scattered = OnsetWatch()
    #expect(!play("#...#...#...#...#...#", &scattered).heard.contains("1"))
    var faint = OnsetWatch()
    #expect(!play("++++++++++++++++++", &faint).heard.contains("1"))
  }

  @Test("has stopped after 260 ms of silence, and not in the gaps of what goes on")
  func over() {
    var watch = OnsetWatch()
    let said = play("####............+#............", &watch)
    #expect(said.over == 0 && said.heard.hasSuffix("1"))
    #expect(play(".", &watch).over == 1)
    #expect(!watch.isHeard)
  }

  @Test("in frames of ten milliseconds just as well")
  func shortFrames() {
    var watch = OnsetWatch(frameMilliseconds: 10)
    #expect(play("########", &watch).heard == "00000001")
    #expect(play(String(repeating: ".", count: 26), &watch).over == 1)
  }

  @Test("who has paused a prompt ends it with likely speech, which begins no turn elsewhere")
  func limit() {
    /// Takes a frame's first sample for its evidence.
    struct Told: VoiceDetector {
      let sampleRate = 8000, frameLength = 160
      func hear(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence {
        SpeechEvidence(rawValue: Int(frame.first ?? 0)) ?? .none
      }
      mutating func reset() {}
    }
    func decisions(_ frames: [SpeechEvidence], watches: Bool) -> [SpeechDecision] {
      let pipeline = SpeechPipeline(detector: Told(), settings: EndpointingSettings(minimumSpeech: 580))
      pipeline.watchesOnset = watches
      let samples = frames.flatMap { [Int16](repeating: Int16($0.rawValue), count: 160) }
      return pipeline.feed(samples, finishes: false).decisions
    }
    let frames = [SpeechEvidence](repeating: .none, count: 10) + [SpeechEvidence](repeating: .likely, count: 60)
    // Three frames of likely speech are not heard yet, and do not count.
    #expect(decisions(frames, watches: true) == [.started(at: 200, decidedAt: 200 + 60 + 580)])
    #expect(decisions(frames, watches: false).isEmpty)
  }
}
