import AudioCodecs
import CVoiceModel
import SpeechDetection
import Testing

@Suite("Where a word ends on a line without noise") struct QuietLineTests {
  /// A vowel: the harmonics of a pitch that wanders.
  private static func vowel(samples: Int, amplitude: Double = 3000) -> [Int16] {
    var phase = 0.0
    return (0..<samples).map { index in
      phase += 140.0 / 8000 * (1 + 0.1 * (Double(index / 800 % 7) - 3) / 3)
      let within = phase - phase.rounded(.down)
      return Int16((1 - 2 * within) * amplitude)
    }
  }

  /// A line whose noise is at -71 dBFS, with sounds on it one after the other from 1 s on, and then 2 s of nothing.
  private static func line(_ sounds: [Int16]...) -> [Int16] {
    let spoken = sounds.flatMap { $0 }
    var line = noise(-71, samples: 8000 + spoken.count + 16_000)
    for (index, sample) in spoken.enumerated() {
      line[8000 + index] = Int16(clamping: Int(line[8000 + index]) + Int(sample))
    }
    return AudioEncoding.mulaw.decode(AudioEncoding.mulaw.encode(line))
  }

  private static func frames(_ samples: [Int16], _ body: (UnsafeBufferPointer<Int16>) -> Void) {
    samples.withUnsafeBufferPointer { samples in
      for start in stride(from: 0, to: samples.count - 159, by: 160) {
        body(UnsafeBufferPointer(rebasing: samples[start..<start + 160]))
      }
    }
  }

  @Test("a line stays quiet while somebody speaks on it without a pause, but not for ever")
  func staysQuiet() throws {
    let model = try #require(voice_model_create())
    defer { voice_model_free(model) }
    var quiet: [Bool] = [], still: [Bool] = []
    Self.frames(Self.line(Self.vowel(samples: 6 * 8000))) { frame in
      if let samples = frame.baseAddress { _ = voice_model_hear(model, samples, false) }
      quiet.append(voice_model_line_is_quiet(model))
      still.append(voice_model_line_stays_quiet(model))
    }
    #expect(quiet[49] && still[49])
    // Two seconds into the vowel what is measured of the noise is not the noise; after six it may be.
    #expect(!quiet[149] && still[149])
    #expect(!quiet[345] && !still[345])
    #expect(quiet.last == true)
  }

  @Test("a sound that has just begun holds an end before it is judged; noise on the line does not")
  func newest() throws {
    let detector = try RecurrentDetector()
    var evidence: [SpeechEvidence] = []
    Self.frames(Self.line(Self.vowel(samples: 1600))) { evidence.append(detector.hear($0)) }
    // At first nobody knows how loud the line's noise is.
    #expect(evidence[10..<50].allSatisfy { $0 == .none })
    // The frame at 1 s is heard as the 51st and judged two later.
    #expect(evidence[50] == .trace && detector.delayMilliseconds == 40)
  }

  @Test("what has faded into the line's noise is over, although the network still thinks of it")
  func faded() throws {
    let end = 1000 + 3000 + 200
    let samples = Self.line(Self.vowel(samples: 24_000), Self.vowel(samples: 1600, amplitude: 530))
    let decisions = CallerSpeech(detector: try RecurrentDetector()).feed(samples).decisions
    guard case .ended(let at, _, .silence)? = decisions.last else {
      Issue.record("\(decisions)")
      return
    }
    #expect(decisions.count == 2 && (end - 20...end + 20).contains(at), "\(decisions)")
  }
}
