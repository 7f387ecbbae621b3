/// 16-bit linear WAV of one or two channels.
final class WAVEncoder: AudioFileEncoder {
  static let headerBytes = 44
  private let sampleRate: Int
  private let channels: Int

  init(sampleRate: Int, channels: Int) {
    self.sampleRate = sampleRate
    self.channels = channels
  }

  func begin() -> [UInt8] { beginning(audioBytes: 0) }

  func encode(_ samples: [Int16]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: samples.count * 2) { buffer, count in
      for (index, sample) in samples.enumerated() {
        buffer[2 * index] = UInt8(truncatingIfNeeded: sample)
        buffer[2 * index + 1] = UInt8(truncatingIfNeeded: sample >> 8)
      }
      count = samples.count * 2
    }
  }

  func finish() -> [UInt8] { [] }

  func end() -> [UInt8] { [] }

  /// Microsoft, "Multiple Channel Audio Data and WAVE Files". Sizes beyond 32 bits are written as 0xFFFFFFFF.
  func beginning(audioBytes: Int) -> [UInt8] {
    var header: [UInt8] = []
    func append(_ value: Int, bytes: Int) {
      let value = bytes == 4 ? UInt32(clamping: value) : UInt32(UInt16(clamping: value))
      for index in 0..<bytes { header.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    header += "RIFF".utf8
    append(audioBytes + 36, bytes: 4)
    header += "WAVEfmt ".utf8
    append(16, bytes: 4)
    append(1, bytes: 2)
    append(channels, bytes: 2)
    append(sampleRate, bytes: 4)
    append(sampleRate * channels * 2, bytes: 4)
    append(channels * 2, bytes: 2)
    append(16, bytes: 2)
    header += "data".utf8
    append(audioBytes, bytes: 4)
    return header
  }
}
