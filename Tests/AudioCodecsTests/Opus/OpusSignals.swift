import AudioCodecs
import Glibc

/// Something like a voice: harmonics of a gliding pitch under a syllable's envelope, with pauses between words.
func voice(at sampleRate: Int, seconds: Double) -> [Int16] {
  var phase = 0.0
  return (0..<Int(seconds * Double(sampleRate))).map { index in
    let time = Double(index) / Double(sampleRate)
    phase += 2 * .pi * (120 + 25 * sin(2 * .pi * 0.7 * time)) / Double(sampleRate)
    let syllable = max(0, sin(2 * .pi * 3 * time)) * (sin(2 * .pi * 0.4 * time) > -0.5 ? 1 : 0)
    let sum = (1...5).reduce(0.0) { $0 + sin(Double($1) * phase) / Double($1) }
    return Int16(max(-32000, min(32000, 9000 * syllable * sum)))
  }
}

/// The packets of a signal, in frames of `duration` eighths of a millisecond; what is left over is not encoded.
func packets(
  of samples: some RandomAccessCollection<Int16>, at sampleRate: Int, duration: Int = 160,
  settings: OpusEncoder.Settings = .init()
) throws -> [[UInt8]] {
  let encoder = try OpusEncoder(sampleRate: sampleRate, settings: settings)
  let length = duration * sampleRate / 8000
  return stride(from: 0, through: samples.count - length, by: length).compactMap {
    encoder.encode(samples.dropFirst($0).prefix(length))
  }
}

/// What came of a stream.
struct Decoded {
  /// With zeros for what was left out.
  var samples: [Int16] = []
  var concealed = 0
  var skipped = 0

  mutating func append(_ output: OpusStream.Output) {
    switch output {
    case .samples(let piece, let isConcealed):
      samples += piece
      if isConcealed { concealed += piece.count }
    case .skip(let count):
      samples += [Int16](repeating: 0, count: count)
      skipped += count
    }
  }
}

extension OpusStream {
  /// Takes packets; `nil` is one that never came.
  func decode(all packets: [[UInt8]?]) -> Decoded {
    var decoded = Decoded()
    var lost = 0
    for packet in packets {
      guard let packet else {
        lost += 1
        continue
      }
      packet.withUnsafeBytes { decode($0, lost: lost) { decoded.append($0) } }
      lost = 0
    }
    return decoded
  }
}

/// How far `signal` is above its difference to `other`, in decibels, over the samples that both have.
func signalToNoise(_ signal: [Int16], _ other: [Int16]) -> Double {
  var power = 1e-9
  var noise = 1e-9
  for (one, two) in zip(signal, other) {
    power += Double(one) * Double(one)
    noise += (Double(one) - Double(two)) * (Double(one) - Double(two))
  }
  return 10 * log10(power / noise)
}
