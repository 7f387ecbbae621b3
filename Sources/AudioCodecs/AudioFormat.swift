/// How a sample is written on the wire. All audio is mono.
public enum AudioEncoding: String, Sendable, Hashable {
  /// 16-bit linear PCM, little-endian.
  case linear16
  /// G.711 mu-law, 8 bits a sample.
  case mulaw
  /// G.711 A-law, 8 bits a sample.
  case alaw

  /// Bytes a sample takes.
  public var bytesPerSample: Int { self == .linear16 ? 2 : 1 }

  /// The byte that encodes silence (both bytes of a linear sample are zero).
  public var silence: UInt8 {
    switch self {
    case .linear16: 0x00
    case .mulaw: 0xFF
    case .alaw: 0xD5
    }
  }
}

/// Encoding and sample rate of a mono stream.
public struct AudioFormat: Sendable, Hashable {
  /// How a sample is written.
  public var encoding: AudioEncoding
  /// Samples a second: 8,000, 16,000, 24,000 or 48,000.
  public var sampleRate: Int

  /// What Webex uses in practice, both ways.
  public static let telephone = AudioFormat(encoding: .mulaw, sampleRate: 8000)

  /// A format.
  public init(encoding: AudioEncoding, sampleRate: Int) {
    self.encoding = encoding
    self.sampleRate = sampleRate
  }

  /// Its name in a line that shows what audio goes through: `mulaw 8k`.
  public var stageName: String { "\(encoding.rawValue) \(sampleRate / 1000)k" }

  /// Bytes a second.
  public var bytesPerSecond: Int { sampleRate * encoding.bytesPerSample }
}
