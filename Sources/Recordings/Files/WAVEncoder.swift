import AudioCodecs

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

  func encode(_ samples: [Int16]) -> [UInt8] { AudioEncoding.linear16.encode(samples) }

  func finish() -> [UInt8] { [] }

  func end() -> [UInt8] { [] }

  func beginning(audioBytes: Int) -> [UInt8] {
    WAVFile.header(
      format: AudioFormat(encoding: .linear16, sampleRate: sampleRate), channels: channels, audioBytes: audioBytes)
  }
}
