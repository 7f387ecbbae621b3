import AudioCodecs

extension CallTimeline {
  /// What the caller heard, as a WAV file: 8,000 Hz, 16 bits, mono.
  public var heardWAV: [UInt8] {
    WAVFile(samples: samples(of: .agent, until: end), format: Self.format).bytes
  }

  /// Both sides, as a WAV file: 8,000 Hz, 16 bits, the caller left and the agent right.
  public var stereoWAV: [UInt8] {
    let left = samples(of: .caller, until: end)
    let right = samples(of: .agent, until: end)
    var bytes = WAVFile.header(format: Self.format, audioBytes: 4 * left.count)
    // The header of the RIFF specification, with two channels instead of one.
    bytes[22] = 2
    Self.write(UInt32(4 * Self.sampleRate), at: 28, in: &bytes)
    bytes[32] = 4
    bytes.reserveCapacity(bytes.count + 4 * left.count)
    for (left, right) in zip(left, right) {
      for sample in [left, right] {
        bytes.append(UInt8(truncatingIfNeeded: sample))
        bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
      }
    }
    return bytes
  }

  private static let format = AudioFormat(encoding: .linear16, sampleRate: sampleRate)

  private static func write(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
    for place in 0..<4 { bytes[offset + place] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(place))) }
  }
}
