import AudioCodecs
import Glibc
import SpeechDetection
import Testing

@Suite struct RecurrentDetectorTests {
  private func decisions(_ samples: [Int16], through encoding: AudioEncoding? = .mulaw, rate: Int = 8000) throws
    -> [SpeechDecision]
  {
    let heard = encoding.map { $0.decode($0.encode(samples)) } ?? samples
    return CallerSpeech(detector: try RecurrentDetector(sampleRate: rate)).feed(heard).decisions
  }

  /// Sines of a level each, in dBFS.
  private func tone(_ frequencies: [Double], _ level: Double, samples: Int, rate: Double = 8000) -> [Int16] {
    let amplitude = 32768 * 2.0.squareRoot() * pow(10, level / 20)
    return (0..<samples).map { index in
      let sum = frequencies.reduce(0) { $0 + sin(2 * Double.pi * $1 * Double(index) / rate) }
      return Int16(clamping: Int(sum * amplitude))
    }
  }

  @Test(
    "Wire 4: ten minutes of encoded silence have no speech in them", arguments: [AudioEncoding.mulaw, .alaw, .linear16])
  func silence(encoding: AudioEncoding) async throws {
    let speech = CallerSpeech(detector: try RecurrentDetector())
    let second = encoding.decode([UInt8](repeating: encoding.silence, count: encoding.bytesPerSample * 8000))
    for _ in 0..<600 {
      await Task.yield()
      #expect(speech.feed(second, finishes: false).decisions.isEmpty)
    }
    #expect(speech.position == 600_000)
  }

  @Test("A minute of line noise has no speech in it, however loud", arguments: [-70.0, -50, -40, -30, -20])
  func lineNoise(level: Double) throws {
    #expect(try decisions(noise(level, samples: 480_000)).isEmpty)
    #expect(try decisions(noise(level, samples: 320_000), rate: 16000).isEmpty)
  }

  @Test("Half a minute of hum has no speech in it", arguments: [-50.0, -35, -25])
  func hum(level: Double) throws {
    #expect(try decisions(tone([50, 100, 150, 250, 350], level, samples: 240_000)).isEmpty)
    #expect(try decisions(tone([60, 120, 180, 300], level, samples: 240_000)).isEmpty)
  }

  @Test("Keys, ringing and busy tones are not speech", arguments: [-30.0, -20, -10])
  func tones(level: Double) throws {
    let rows = [697.0, 770, 852, 941], columns = [1209.0, 1336, 1477]
    var keys = [Int16](repeating: 0, count: 8000)
    for row in rows {
      for column in columns {
        keys += tone([row, column], level, samples: 1200) + [Int16](repeating: 0, count: 1600)
      }
    }
    #expect(try decisions(keys).isEmpty)
    var ringing: [Int16] = []
    for _ in 0..<3 { ringing += tone([440, 480], level, samples: 16_000) + [Int16](repeating: 0, count: 32_000) }
    #expect(try decisions(ringing).isEmpty)
    var busy: [Int16] = []
    for _ in 0..<12 { busy += tone([425], level, samples: 4000) + [Int16](repeating: 0, count: 4000) }
    #expect(try decisions(busy).isEmpty)
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
    let detector = try RecurrentDetector()
    for length in [0, 1, 159, 161, 320] {
      let frame = noise(-10, samples: length)
      #expect(frame.withUnsafeBufferPointer { detector.hear($0) } == .none)
    }
    for rate in [0, -1, 24000, 44100] { #expect(throws: AudioError.self) { try RecurrentDetector(sampleRate: rate) } }
  }

  @Test("After a reset it judges as at first", arguments: [8000, 16000])
  func reset(rate: Int) throws {
    let samples = tone([150, 300, 450, 900], -22, samples: 8000) + noise(-20, samples: 8000)
    let detector = try RecurrentDetector(sampleRate: rate)
    func run() -> [Float] {
      stride(from: 0, to: samples.count, by: rate / 50).map { start in
        samples[start..<start + rate / 50].withUnsafeBufferPointer { _ = detector.hear($0) }
        return detector.probability
      }
    }
    let first = run()
    detector.reset()
    #expect(detector.probability == 0)
    #expect(run() == first)
  }

  @Test("Whatever is heard, the probability is one, and so is what it was made of", arguments: [8000, 16000])
  func anything(rate: Int) throws {
    var random = Lehmer(state: 3)
    let detector = try RecurrentDetector(sampleRate: rate)
    for round in 0..<2000 {
      let frame: [Int16] =
        switch round % 5 {
        case 0: (0..<rate / 50).map { _ in Int16.random(in: .min ... .max, using: &random) }
        case 1: [Int16](repeating: .min, count: rate / 50)
        case 2: (0..<rate / 50).map { $0.isMultiple(of: 2) ? .min : .max }
        case 3: [Int16](repeating: 0, count: rate / 50)
        default: (0..<rate / 50).map { _ in Int16.random(in: -1...1, using: &random) }
        }
      _ = frame.withUnsafeBufferPointer { detector.hear($0) }
      #expect((0...1).contains(detector.probability))
      let features = detector.features
      #expect(features.bands.count == 20 && features.bands.allSatisfy { (4.6...30).contains($0) })
      #expect((-1...1.1).contains(features.voicing) && (2.5...12.5).contains(features.period))
    }
  }

  @Test("A pitch is heard as what it is", arguments: [100.0, 125, 160, 250])
  func pitch(frequency: Double) throws {
    let detector = try RecurrentDetector()
    let voice = tone((1...10).map { Double($0) * frequency }, -30, samples: 1600)
    for start in stride(from: 0, to: 1600, by: 160) {
      voice[start..<start + 160].withUnsafeBufferPointer { _ = detector.hear($0) }
    }
    let periods = Double(detector.features.period) * frequency / 1000
    #expect(abs(periods - periods.rounded()) < 0.08 && detector.features.voicing > 0.3)
  }
}

/// Conditions of Docs/speech-detection.md in small, on voices that the network was trained on: that it is built in right.
@Suite(.enabled(if: !RecordedSpeech.all.isEmpty, "needs the recordings of asterisk-core-sounds-en-wav"))
struct SpeechConditionTests {
  /// The share of turns that are right; a prompt plays for so long at first, in milliseconds.
  private func right(
    prompt: Int = 0, _ condition: (_ samples: [Int16], _ level: Double, _ seed: UInt64) -> [Int16]
  ) throws -> Double {
    let recordings = RecordedSpeech.sample.filter { $0.longestPause <= 400 && $0.samples.count < 40_000 }.prefix(40)
    var right = 0
    for (index, recording) in recordings.enumerated() {
      let start = 3000
      let silence = [Int16](repeating: 0, count: start * 8)
      let spoken = Array(recording.samples[(recording.speech.lowerBound * 8)..<(recording.speech.upperBound * 8)])
      let samples = condition(silence + spoken + silence, Level(of: spoken).rms, UInt64(index + 1))
      let heard = AudioEncoding.mulaw.decode(AudioEncoding.mulaw.encode(samples))
      let speech = CallerSpeech(detector: try RecurrentDetector())
      speech.isPromptPlaying = prompt > 0
      let before = speech.feed(Array(heard.prefix(prompt * 8)), finishes: false).decisions
      speech.isPromptPlaying = false
      let decisions = before + speech.feed(Array(heard.dropFirst(prompt * 8))).decisions
      guard decisions.count == 2, case .started(let at, let started) = decisions[0],
        case .ended(_, let ended, _) = decisions[1]
      else { continue }
      let end = start + spoken.count / 8
      if abs(at - start) <= 250, started - start <= 500, abs(ended - end - 700) <= 300 { right += 1 }
    }
    return Double(right) / Double(recordings.count)
  }

  private func mix(_ samples: [Int16], _ noise: [Int16]) -> [Int16] {
    zip(samples, noise).map { Int16(clamping: Int($0) + Int($1)) }
  }

  @Test("White noise costs few turns", arguments: [(20.0, 0.9), (10.0, 0.85), (5.0, 0.75)])
  func whiteNoise(ratio: Double, share: Double) throws {
    let measured = try right { samples, level, seed in
      mix(samples, noise((level - ratio).rounded(), samples: samples.count, seed: seed))
    }
    #expect(measured >= share)
  }

  @Test("Of a prompt's echo before the caller speaks, few turns are begun")
  func echo() throws {
    let prompts = RecordedSpeech.all.filter { $0.samples.count > 20_000 }
    let measured = try right(prompt: 2500) { samples, level, seed in
      // Another sentence of the prompt, dull and 25 dB softer, that is over half a second before the caller speaks.
      let prompt = prompts[Int(seed) % prompts.count].samples.prefix(20_000)
      var low = 0.0
      let factor = pow(10, -25.0 / 20)
      let heard = prompt.map { sample -> Int16 in
        low += 0.4 * (Double(sample) - low)
        return Int16(low * factor)
      }
      return mix(samples, heard + [Int16](repeating: 0, count: max(0, samples.count - heard.count)))
    }
    #expect(measured >= 0.9)
  }
}
