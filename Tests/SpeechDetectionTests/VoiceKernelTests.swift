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

  @Test(
    "Digital silence is judged, alone and among others, to the bit as if it were measured", arguments: [true, false])
  func silence(isPortable: Bool) {
    // Speech and noise with silence of many lengths between, at the start too; and zeros within a frame.
    let voice = tone(140, samples: 160_000), hiss = noise(-50, samples: 160_000)
    let samples = (0..<160_000).map { index -> Int16 in
      switch index / 160 % 97 {
      case 0..<8, 34, 36..<39, 41..<60: 0
      case 60..<64: index % 160 < 100 ? 0 : hiss[index]
      case 64..<80: hiss[index]
      default: voice[index]
      }
    }
    let make = isPortable ? voice_model_create_portable : voice_model_create
    for count in [1, 8] {
      let models = (0..<2).map { _ in (0..<count).map { _ -> OpaquePointer? in make() } }
      defer { models.joined().forEach { voice_model_free($0) } }
      models[1].forEach { voice_model_measure_silence($0) }
      var differing = 0, heights = Set<Bool>()
      for frame in 0..<990 {
        let judged = models.map { models in
          var judged = [Float](repeating: -1, count: count)
          for model in models {
            samples[frame * 160..<frame * 160 + 160].withUnsafeBufferPointer {
              voice_model_take(model, $0.baseAddress, false, frame / 200 % 2 == 1)
            }
          }
          voice_models_judge(models, count, &judged)
          return judged
        }
        differing += judged[0] == judged[1] ? 0 : 1
        heights.insert(judged[0][0] > 0.5)
        for (one, other) in zip(models[0], models[1]) {
          differing += voice_model_frame_loudness(one) == voice_model_frame_loudness(other) ? 0 : 1
          differing += voice_model_line_is_quiet(one) == voice_model_line_is_quiet(other) ? 0 : 1
        }
      }
      #expect(differing == 0, "\(count) at once")
      #expect(heights.count == 2, "both kinds of frames were judged")
    }
  }

  @Test(
    "Many models that are judged at once judge as each does alone, whoever the others are", arguments: [true, false])
  func blocks(isPortable: Bool) {
    // Of speech and noise everybody hears another stretch.
    let samples = zip(tone(140, samples: 160_000), noise(-50, samples: 160_000)).enumerated().map { index, pair in
      index / 4000 % 2 == 0 ? pair.1 : Int16(clamping: Int(pair.0) + Int(pair.1))
    }
    let make = isPortable ? voice_model_create_portable : voice_model_create
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 13, 19] {
      let alone: [OpaquePointer?] = (0..<count).map { _ in make() }
      let together: [OpaquePointer?] = (0..<count).map { _ in make() }
      defer {
        alone.forEach { voice_model_free($0) }
        together.forEach { voice_model_free($0) }
      }
      var worst: Float = 0, heights = Set<Bool>()
      for frame in 0..<60 {
        var expected: [Float] = [], judged = [Float](repeating: -1, count: count)
        for index in 0..<count {
          let start = (frame + index * 37) % 990 * 160
          samples[start..<start + 160].withUnsafeBufferPointer {
            expected.append(voice_model_hear(alone[index], $0.baseAddress, index.isMultiple(of: 3)))
            voice_model_take(together[index], $0.baseAddress, false, index.isMultiple(of: 3))
          }
        }
        voice_models_judge(together, count, &judged)
        for (one, other) in zip(expected, judged) {
          worst = max(worst, abs(one - other))
          heights.insert(one > 0.5)
        }
        for (one, other) in zip(alone, together) {
          #expect(abs(voice_model_frame_loudness(one) - voice_model_frame_loudness(other)) < 0.001)
          #expect(voice_model_line_is_quiet(one) == voice_model_line_is_quiet(other))
        }
      }
      #expect(worst < 0.0001, "\(count) at once")
      #expect(heights.count == 2, "both kinds of frames were judged")
    }
  }

  @Test("What a model judges in a block does not depend on the others in it, to the bit", arguments: [true, false])
  func independence(isPortable: Bool) {
    let own = tone(140, samples: 16_000), others = [noise(-20, samples: 16_000), noise(-60, samples: 16_000)]
    let make = isPortable ? voice_model_create_portable : voice_model_create
    let judged = others.map { other in
      let models: [OpaquePointer?] = (0..<7).map { _ in make() }
      defer { models.forEach { voice_model_free($0) } }
      return (0..<100).map { frame in
        var probabilities = [Float](repeating: -1, count: models.count)
        for (index, model) in models.enumerated() {
          (index == 3 ? own : other)[frame * 160..<frame * 160 + 160].withUnsafeBufferPointer {
            voice_model_take(model, $0.baseAddress, false, false)
          }
        }
        voice_models_judge(models, models.count, &probabilities)
        return probabilities[3]
      }
    }
    #expect(judged[0] == judged[1])
    #expect(Set(judged[0]).count > 50, "it heard something")
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
