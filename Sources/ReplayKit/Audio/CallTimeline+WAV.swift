import AudioCodecs

extension CallTimeline {
  /// What the caller heard, as a WAV file: 8,000 Hz, 16 bits, mono.
  public var heardWAV: [UInt8] {
    WAVFile(samples: samples(of: .agent, until: end), format: Self.format).bytes
  }

  /// Both sides, as a WAV file: 8,000 Hz, 16 bits, the caller left and the agent right.
  public var stereoWAV: [UInt8] {
    var samples: [Int16] = []
    for (left, right) in zip(self.samples(of: .caller, until: end), self.samples(of: .agent, until: end)) {
      samples.append(left)
      samples.append(right)
    }
    let audio = AudioEncoding.linear16.encode(samples)
    return WAVFile.header(format: Self.format, channels: 2, audioBytes: audio.count) + audio
  }

  private static let format = AudioFormat(encoding: .linear16, sampleRate: sampleRate)
}
