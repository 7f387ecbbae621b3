import AudioCodecs
import SpeechDetection

/// Takes a frame for speech if its first sample is not zero.
struct FakeDetector: VoiceDetector {
  var sampleRate = 8000
  var frameLength = 160
  var resets = 0

  mutating func hear(_ frame: UnsafeBufferPointer<Int16>) -> SpeechEvidence {
    precondition(frame.count == frameLength)
    return frame.first != 0 ? .certain : .none
  }

  mutating func reset() { resets += 1 }
}

/// Numbers that are the same in every run.
struct Lehmer: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

/// White noise with a level, in dBFS.
func noise(_ level: Double, samples: Int, seed: UInt64 = 1) -> [Int16] {
  var random = Lehmer(state: seed)
  // Of uniform noise, the root of the mean square is the amplitude over the root of three.
  var amplitude = 32768 * 3.0.squareRoot()
  for _ in 0..<Int(-level) { amplitude *= 0.891_250_938 }
  return (0..<samples).map { _ in Int16(Double.random(in: -amplitude...amplitude, using: &random)) }
}

extension SpeechPipeline {
  /// What comes of samples, cut into chunks: decisions, and the utterances' samples with their place in the stream.
  func feed(
    _ samples: [Int16], chunks: () -> Int = { 160 }, finishes: Bool = true
  ) -> (decisions: [SpeechDecision], utterances: [(at: Int, samples: [Int16])]) {
    var decisions: [SpeechDecision] = []
    var utterances: [(at: Int, samples: [Int16])] = []
    var isOpen = false
    func take(_ output: Output) {
      switch output {
      case .decision(let decision):
        decisions.append(decision)
        isOpen = false
      case .utterance(let samples, let at):
        if isOpen {
          utterances[utterances.count - 1].samples += samples
        } else {
          utterances.append((at, Array(samples)))
          isOpen = true
        }
      }
    }
    samples.withUnsafeBufferPointer { samples in
      var offset = 0
      while offset < samples.count {
        let length = min(max(0, chunks()), samples.count - offset)
        process(UnsafeBufferPointer(rebasing: samples[offset..<offset + length]), take)
        offset += length
      }
    }
    if finishes { finish(take) }
    return (decisions, utterances)
  }
}
