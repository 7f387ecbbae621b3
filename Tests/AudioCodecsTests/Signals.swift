import AudioCodecs
import Glibc

/// A sine, `amplitude` of full scale.
func tone(_ frequency: Double, at sampleRate: Int, samples: Int, amplitude: Double = 0.5) -> [Int16] {
  (0..<samples).map { Int16(amplitude * 32767 * sin(2 * .pi * frequency * Double($0) / Double(sampleRate))) }
}

/// Numbers that are the same in every run.
struct Lehmer: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

extension CallerAudioDecoder {
  /// Decodes a chunk into an array.
  func take(_ bytes: [UInt8], _ encoding: AudioEncoding? = nil, _ sampleRate: Int = 0) throws -> [Int16] {
    let scratch = SampleScratch()
    return try bytes.withUnsafeBytes {
      Array(try decode($0, encoding: encoding, sampleRate: sampleRate, into: scratch))
    }
  }
}

/// The code of the error that `body` throws, or `nil`.
func code(_ body: () throws -> some Any) -> AudioError.Code? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? AudioError)?.code
  }
}
