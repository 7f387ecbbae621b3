import AudioCodecs
import BotEngine

/// Audio on the Realtime wire.
enum RealtimeAudioFormat: Equatable {
  /// G.711 mu-law at 8,000 Hz.
  case pcmu
  /// G.711 A-law at 8,000 Hz.
  case pcma
  /// 16-bit linear samples, little-endian, at so many a second.
  case pcm(rate: Int)

  /// The rate of linear samples where none is named.
  static let usualRate = 24_000

  /// By its name of today or of the beta.
  ///
  /// - Parameter rate: samples a second as stated, whatever it is; `nil` is not stated.
  init?(_ name: String?, rate: Int? = nil) {
    switch name {
    case "audio/pcmu", "g711_ulaw": self = .pcmu
    case "audio/pcma", "g711_alaw": self = .pcma
    case "audio/pcm", "pcm16": self = .pcm(rate: rate ?? Self.usualRate)
    default: return nil
    }
  }

  /// Whether its rate can be converted.
  var isUsable: Bool { Resampler.convertibleRates.contains(sampleRate) }

  /// As a configuration names it.
  init(_ format: RealtimeSettings.Format) {
    switch format {
    case .pcmu: self = .pcmu
    case .pcma: self = .pcma
    case .pcm: self = .pcm(rate: Self.usualRate)
    }
  }

  /// The `format` object of a session.
  var value: BotValue {
    switch self {
    case .pcmu: .object(["type": .string("audio/pcmu")])
    case .pcma: .object(["type": .string("audio/pcma")])
    case .pcm(let rate): .object(["type": .string("audio/pcm"), "rate": .number(Double(rate))])
    }
  }

  /// Samples a second.
  var sampleRate: Int { if case .pcm(let rate) = self { rate } else { 8_000 } }

  private var bytesPerSample: Int { if case .pcm = self { 2 } else { 1 } }

  /// What a number of bytes takes to play, in microseconds.
  func microseconds(ofBytes count: Int) -> Int { count * 1_000_000 / max(1, sampleRate * bytesPerSample) }

  func encode(_ samples: [Int16]) -> [UInt8] {
    switch self {
    case .pcmu: AudioEncoding.mulaw.encode(samples)
    case .pcma: AudioEncoding.alaw.encode(samples)
    case .pcm: AudioEncoding.linear16.encode(samples)
    }
  }

  /// The bot's audio, as the gateway takes it.
  func audio(_ bytes: [UInt8]) -> BotAudio {
    switch self {
    case .pcmu: BotAudio(.mulaw(bytes))
    case .pcma: BotAudio(.linear(AudioEncoding.alaw.decode(bytes), sampleRate: 8_000))
    case .pcm(let rate): BotAudio(.linear(AudioEncoding.linear16.decode(bytes), sampleRate: rate))
    }
  }
}
