import AudioCodecs
import CVoiceModel
import Testing

@Suite struct VoiceKernelTests {
  /// How probable speech was in each frame.
  private func judged(_ samples: [Int16], by model: OpaquePointer) -> [Float] {
    stride(from: 0, to: samples.count - 159, by: 160).map { start in
      samples[start..<start + 160].withUnsafeBufferPointer {
        // There are 160 samples, so there is an address.
        $0.baseAddress.map { voice_model_hear(model, $0, false) } ?? -1
      }
    }
  }

  @Test("The voice network judges alike with vectors of four and with those that the processor has")
  func kernels() throws {
    let fast = try #require(voice_model_create())
    defer { voice_model_free(fast) }
    let portable = try #require(voice_model_create_portable())
    defer { voice_model_free(portable) }
    // A vowel's harmonics come and go in noise, loud and soft.
    let samples = zip(tone(140, samples: 160_000), noise(-50, samples: 160_000)).enumerated().map { index, pair in
      index / 4000 % 2 == 0 ? pair.1 : Int16(clamping: Int(pair.0) + Int(pair.1))
    }
    let one = judged(samples, by: fast), other = judged(samples, by: portable)
    #expect(one.count == 1000)
    #expect(zip(one, other).allSatisfy { abs($0 - $1) < 0.001 })
    #expect(one.contains { $0 > 0.9 } && one.contains { $0 < 0.1 }, "both kinds of frames were judged")
  }

  /// The first twenty harmonics of `pitch` Hz.
  private func tone(_ pitch: Double, samples: Int) -> [Int16] {
    var phase = 0.0
    return (0..<samples).map { index in
      phase += pitch / 8000 * (1 + 0.1 * (Double(index / 800 % 7) - 3) / 3)
      let within = phase - phase.rounded(.down)
      return Int16((1 - 2 * within) * 3000)
    }
  }
}
