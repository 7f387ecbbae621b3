import AudioCodecs
import BotEngine

/// Audio on the Realtime wire.
enum RealtimeAudioFormat: Equatable {
  /// G.711 mu-law at 8,000 Hz.
  case pcmu
  /// G.711 A-law at 8,000 Hz.
  case pcma
  /// 16-bit linear samples, little-endian, at 24,000 Hz.
  case pcm

  /// By its name of today or of the beta.
  init?(_ name: String?) {
    switch name {
    case "audio/pcmu", "g711_ulaw": self = .pcmu
    case "audio/pcma", "g711_alaw": self = .pcma
    case "audio/pcm", "pcm16": self = .pcm
    default: return nil
    }
  }

  /// As a configuration names it.
  init(_ format: RealtimeSettings.Format) {
    switch format {
    case .pcmu: self = .pcmu
    case .pcma: self = .pcma
    case .pcm: self = .pcm
    }
  }

  /// The `format` object of a session.
  var value: BotValue {
    switch self {
    case .pcmu: .object(["type": .string("audio/pcmu")])
    case .pcma: .object(["type": .string("audio/pcma")])
    case .pcm: .object(["type": .string("audio/pcm"), "rate": .number(24_000)])
    }
  }

  /// Samples a second.
  var sampleRate: Int { self == .pcm ? 24_000 : 8_000 }

  /// What a number of bytes takes to play, in microseconds.
  func microseconds(ofBytes count: Int) -> Int { count * 1_000_000 / (self == .pcm ? 48_000 : 8_000) }

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
    case .pcm: BotAudio(.linear(AudioEncoding.linear16.decode(bytes), sampleRate: 24_000))
    }
  }
}
