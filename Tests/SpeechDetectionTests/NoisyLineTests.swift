import AudioCodecs
import Glibc
import SpeechDetection
import Testing

/// Lines that are noisy from the greeting's first sample on: what a server hears of a call.
@Suite(
  "A line's noise is no caller, and a soft caller is one",
  .enabled(if: !RecordedSpeech.all.isEmpty, "needs the recordings of asterisk-core-sounds-en-wav"))
struct NoisyLineTests {
  /// Where on the line the greeting ends and the caller begins, in milliseconds.
  private static let greetingEnd = 5000, onset = 6000

  /// Several people who speak at once, of a level in dBFS.
  private static func babble(_ level: Double, samples count: Int, seed: Int) -> [Int16] {
    let voices = RecordedSpeech.all
    var mix = [Double](repeating: 0, count: count)
    for voice in 0..<6 {
      var position = -voice * 3100, index = seed * 31 + voice * 57
      while position < count {
        let recording = voices[index % voices.count]
        let spoken = recording.samples[(recording.speech.lowerBound * 8)..<(recording.speech.upperBound * 8)]
        for (offset, sample) in spoken.enumerated() where (0..<count).contains(position + offset) {
          mix[position + offset] += Double(sample)
        }
        position += spoken.count + 800
        index += 1
      }
    }
    let power = mix.reduce(0) { $0 + $1 * $1 } / Double(count)
    let factor = 32768 * pow(10, level / 20) / power.squareRoot()
    return mix.map { Int16(clamping: Int($0 * factor)) }
  }

  /// Mains hum of a level in dBFS, with harmonics of its own for each seed.
  private static func hum(_ level: Double, samples count: Int, seed: Int) -> [Int16] {
    var random = Lehmer(state: UInt64(seed) + 1)
    let base = seed.isMultiple(of: 2) ? 50.0 : 60
    let parts = (1...8).map { harmonic in
      (
        frequency: base * Double(harmonic), phase: Double.random(in: 0...(2 * .pi), using: &random),
        weight: Double.random(in: 0.3...1, using: &random) / Double(harmonic)
      )
    }
    let amplitude = 32768 * pow(10, level / 20) * (2 / parts.reduce(0) { $0 + $1.weight * $1.weight }).squareRoot()
    return (0..<count).map { index in
      let time = 2 * Double.pi * Double(index) / 8000
      return Int16(
        clamping: Int(amplitude * parts.reduce(0) { $0 + $1.weight * sin($1.frequency * time + $1.phase) }))
    }
  }

  private static func noise(_ kind: String, _ level: Double, samples: Int, seed: Int) -> [Int16] {
    switch kind {
    case "hum": hum(level, samples: samples, seed: seed)
    case "babble": babble(level, samples: samples, seed: seed)
    default: SpeechDetectionTests.noise(level, samples: samples, seed: UInt64(seed + 1))
    }
  }

  /// The decisions on a line whose greeting plays at first, through mu-law.
  private static func decisions(_ line: [Int16]) throws -> [SpeechDecision] {
    let heard = AudioEncoding.mulaw.decode(AudioEncoding.mulaw.encode(line))
    let speech = CallerSpeech(detector: try RecurrentDetector())
    speech.isPromptPlaying = true
    let greeting = speech.feed(Array(heard.prefix(greetingEnd * 8)), finishes: false).decisions
    speech.isPromptPlaying = false
    return greeting + speech.feed(Array(heard.dropFirst(greetingEnd * 8))).decisions
  }

  /// A line with noise, or one of -72 dBFS, and a recording at a level, in dBFS: whether it is one turn, and that one.
  private static func isOneTurn(
    _ recording: RecordedSpeech, at level: Double, noise kind: String?, ratio: Double, seed: Int
  ) throws -> Bool {
    let spoken = recording.samples[(recording.speech.lowerBound * 8)..<(recording.speech.upperBound * 8)]
    let gain = pow(10, (level - Level(of: Array(spoken)).rms) / 20)
    let count = (onset + 2000) * 8 + spoken.count
    var line = noise(kind ?? "white", kind == nil ? -72 : level - ratio, samples: count, seed: seed)
    for (index, sample) in spoken.enumerated() {
      line[onset * 8 + index] = Int16(clamping: Int(line[onset * 8 + index]) + Int(Double(sample) * gain))
    }
    let decisions = try decisions(line)
    guard decisions.count == 2, case .started(_, let started) = decisions[0] else { return false }
    return (onset...onset + 500).contains(started)
  }

  private static func share(of count: Int = 20, _ isRight: (RecordedSpeech, Int) throws -> Bool) rethrows -> Double {
    let recordings = RecordedSpeech.sample.filter { $0.longestPause <= 400 && $0.samples.count < 40_000 }.prefix(count)
    let right = try recordings.enumerated().filter { try isRight($0.element, $0.offset) }.count
    return Double(right) / Double(recordings.count)
  }

  @Test(
    "the caller is heard over it, and nothing before",
    arguments: [("white", 20.0), ("white", 10), ("hum", 20), ("hum", 10), ("babble", 20), ("babble", 10)])
  func noise(kind: String, ratio: Double) throws {
    let right = try Self.share { try Self.isOneTurn($0, at: -22, noise: kind, ratio: ratio, seed: $1) }
    #expect(right >= (kind == "babble" && ratio < 20 ? 0.8 : 0.9))
  }

  @Test("nobody is heard as the greeting ends", arguments: ["white", "hum", "babble"], [-50.0, -42, -35])
  func nobody(kind: String, level: Double) throws {
    for seed in 0..<4 { #expect(try Self.decisions(Self.noise(kind, level, samples: 160_000, seed: seed)).isEmpty) }
  }

  @Test(
    "nor when noise begins after a silence, but for some hums",
    arguments: [
      ("white", -50.0, 0), ("white", -40, 0), ("white", -32, 0), ("hum", -50, 2), ("hum", -40, 4), ("hum", -32, 4),
    ])
  func step(kind: String, level: Double, most: Int) throws {
    let silence = [Int16](repeating: 0, count: 60_000)
    let wrong = try (0..<16).filter { seed in
      try !Self.decisions(silence + Self.noise(kind, level, samples: 60_000, seed: seed)).isEmpty
    }
    #expect(wrong.count <= most)
  }

  @Test("a soft voice on a quiet line is heard", arguments: [(-38.0, 0.95), (-44.0, 0.85)])
  func softVoices(level: Double, share: Double) throws {
    #expect(try Self.share { try Self.isOneTurn($0, at: level, noise: nil, ratio: 0, seed: $1) } >= share)
  }
}
