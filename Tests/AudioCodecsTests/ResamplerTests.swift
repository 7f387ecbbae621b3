import AudioCodecs
import Testing

@Suite struct ResamplerTests {
  private static let pairs = [8000, 16000, 24000, 48000].flatMap { from in
    [8000, 16000, 24000, 48000].filter { $0 != from }.map { (from, $0) }
  }

  @Test("A stream in pieces comes out as the stream in whole", arguments: pairs)
  func continuity(from: Int, to: Int) throws {
    let input = tone(437, at: from, samples: from)
    let whole = try Resampler(from: from, to: to).process(input)
    for size in [1, 7, from / 50, 4096] {
      let resampler = try Resampler(from: from, to: to)
      var pieces: [Int16] = []
      for start in stride(from: 0, to: input.count, by: size) {
        pieces += resampler.process(Array(input[start..<min(start + size, input.count)]))
      }
      #expect(pieces == whole, "pieces of \(size)")
    }
  }

  @Test("Room that is used again gives what a whole gives, whatever the pieces", arguments: pairs)
  func roomUsedAgain(from: Int, to: Int) throws {
    let signal = tone(440, at: from, samples: from)
    let resampler = try Resampler(from: from, to: to)
    var (random, room, resampled, start) = (Lehmer(state: 11), [Int16](), [Int16](), 0)
    while start < signal.count {
      let end = min(signal.count, start + Int.random(in: 1...3000, using: &random))
      signal[start..<end].withUnsafeBufferPointer { piece in resampler.process(piece, in: &room) { resampled += $0 } }
      start = end
    }
    #expect(try resampled == Resampler(from: from, to: to).process(signal))
  }

  @Test("Stages name themselves, those that have something to do")
  func names() throws {
    #expect(try Resampler(from: 8000, to: 16000).stageName == "resample 16k")
    #expect(AudioFormat.telephone.stageName == "mulaw 8k")
    let decoder = CallerAudioDecoder(defaults: AudioFormat(encoding: .linear16, sampleRate: 48_000))
    #expect(decoder.names == ["linear16 48k", "resample 16k"])
    let kept = CallerAudioDecoder(defaults: decoder.format, keepsRate: true)
    #expect(kept.names == ["linear16 48k"])
    #expect(kept.sampleRate == 48_000)
  }

  @Test("A tone keeps its place, pitch and level", arguments: pairs)
  func tones(from: Int, to: Int) throws {
    let output = try Resampler.resample(tone(1000, at: from, samples: from), from: from, to: to)
    #expect(output.count == to)
    let expected = tone(1000, at: to, samples: to)
    let worst = (to / 20..<to - to / 20).map { abs(Int(output[$0]) - Int(expected[$0])) }.max()
    #expect((worst ?? .max) < 330)
  }

  @Test(
    "A tone above the new rate's half is gone, not folded down",
    arguments: [(16000, 8000), (48000, 16000), (24000, 8000)])
  func aliasing(from: Int, to: Int) throws {
    let output = try Resampler.resample(
      tone(Double(to) * 0.65, at: from, samples: from), from: from, to: to)
    #expect(Level(of: Array(output[100..<(output.count - 100)])).rms < -55)
  }

  @Test("After a reset, a stream comes out as at first")
  func reset() throws {
    let resampler = try Resampler(from: 24000, to: 16000)
    let input = tone(500, at: 24000, samples: 4800)
    let first = resampler.process(input)
    resampler.reset()
    #expect(resampler.process(input) == first)
  }

  @Test("A rate that is none of the four is refused", arguments: [0, -8000, 44100])
  func badRates(rate: Int) {
    #expect(code { try Resampler(from: rate, to: 8000) } == .unsupportedSampleRate)
    #expect(code { try Resampler(from: 8000, to: rate) } == .unsupportedSampleRate)
  }
}

@Suite struct LevelTests {
  @Test("A sine has the level of its root of the mean square, and its peak")
  func sine() {
    let level = Level(of: tone(1000, at: 8000, samples: 8000, amplitude: 0.5))
    #expect(abs(level.rms - -9.03) < 0.05)
    #expect(abs(level.peak - -6.02) < 0.05)
  }

  @Test("Silence and no samples have the lowest level, the extremes that of full scale")
  func extremes() {
    #expect(Level(of: [0, 0]) == Level(rms: -96, peak: -96))
    #expect(Level(of: []) == Level(rms: -96, peak: -96))
    #expect(Level(of: [-32768, -32768]) == Level(rms: 0, peak: 0))
  }
}
