import AudioCodecs
import SpeechDetection
import Testing

@Suite struct WebRTCDetectorTests {
  private func decisions(_ samples: [Int16], through encoding: AudioEncoding? = .mulaw, rate: Int = 8000) throws
    -> [SpeechDecision]
  {
    let heard = encoding.map { $0.decode($0.encode(samples)) } ?? samples
    return SpeechPipeline(detector: try WebRTCDetector(sampleRate: rate)).feed(heard).decisions
  }

  @Test("Wire 4: an hour of encoded silence has no speech in it", arguments: [AudioEncoding.mulaw, .alaw, .linear16])
  func silence(encoding: AudioEncoding) async throws {
    let speech = SpeechPipeline(detector: try WebRTCDetector())
    let second = encoding.decode([UInt8](repeating: encoding.silence, count: encoding.bytesPerSample * 8000))
    for _ in 0..<3600 {
      await Task.yield()
      #expect(speech.feed(second, finishes: false).decisions.isEmpty)
    }
    #expect(speech.position == 3_600_000)
  }

  @Test("A minute of line noise has no speech in it", arguments: [-70.0, -60, -50, -45, -40])
  func lineNoise(level: Double) throws {
    #expect(try decisions(noise(level, samples: 480_000)).isEmpty)
    #expect(try decisions(noise(level, samples: 960_000), rate: 16000).isEmpty)
  }

  @Test("A click does not begin a turn", arguments: [1, 8, 40, 160, 320, 480])
  func clicks(length: Int) throws {
    var samples = [Int16](repeating: 0, count: 80_000)
    for start in stride(from: 7_950, to: 72_000, by: 8000) {
      for (index, sample) in noise(-6, samples: length, seed: UInt64(start)).enumerated() {
        samples[start + index] = sample
      }
    }
    #expect(try decisions(samples).isEmpty)
  }

  @Test("A frame of another length and a rate that is not heard are refused, not read past their end")
  func wrongSizes() throws {
    let detector = try WebRTCDetector()
    for length in [0, 1, 159, 161, 320] {
      let frame = noise(-10, samples: length)
      #expect(!frame.withUnsafeBufferPointer { detector.isSpeech($0) })
    }
    for rate in [0, -1, 24000, 44100] { #expect(throws: AudioError.self) { try WebRTCDetector(sampleRate: rate) } }
  }

  @Test("After a reset it judges as at first", arguments: WebRTCDetector.Mode.allCases)
  func reset(mode: WebRTCDetector.Mode) throws {
    let samples = [Int16](repeating: 0, count: 8000) + noise(-20, samples: 16_000) + noise(-12, samples: 4000)
    let detector = try WebRTCDetector(mode: mode)
    func run() -> [Bool] {
      stride(from: 0, to: samples.count, by: 160).map { start in
        samples[start..<start + 160].withUnsafeBufferPointer { detector.isSpeech($0) }
      }
    }
    let first = run()
    detector.reset()
    #expect(run() == first)
    #expect(first.contains(true))
  }

  @Test("20,000 random chunks of random samples are judged, and nothing else happens")
  func randomChunks() throws {
    var random = Lehmer(state: 11)
    let speech = SpeechPipeline(detector: try WebRTCDetector())
    let loud = noise(-5, samples: 65_536)
    var (total, events) = (0, 0)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...400, using: &random)
      let start = Int.random(in: 0..<65_000, using: &random)
      let shift = Int16.random(in: 0...15, using: &random)
      let chunk = loud[start..<start + length].map { $0 >> shift }
      total += length
      if Int.random(in: 0..<500, using: &random) == 0 { speech.isListening.toggle() }
      if Int.random(in: 0..<500, using: &random) == 0 {
        speech.settings.preroll = Int.random(in: 0...2000, using: &random)
      }
      if Int.random(in: 0..<500, using: &random) == 0 { speech.reset(line: true) }
      events += speech.feed(chunk, finishes: false).decisions.count
    }
    #expect(speech.position == total / 8)
    #expect(events > 0)
  }
}
