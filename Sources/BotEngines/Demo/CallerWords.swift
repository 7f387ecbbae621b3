import AudioCodecs
import BotEngine

/// What the caller said since the last answer, as mu-law at 8,000 Hz: as it will be played back, and a byte a sample.
struct CallerWords {
  /// The longest that is kept, in milliseconds; what the caller says beyond it is left out.
  static let maximumMilliseconds = 30_000

  /// Mu-law at 8,000 Hz.
  private(set) var audio: [UInt8] = []

  private var converter = RateConverter()

  /// How long it is, in milliseconds.
  var milliseconds: Int { audio.count / 8 }

  /// Appends a stretch. Stretches of impossible rates are left out.
  mutating func append(_ stretch: CallerAudio) {
    let room = Self.maximumMilliseconds * 8 - audio.count
    guard room > 0 else { return }
    audio += AudioEncoding.mulaw.encode(converter.convert(stretch.samples, from: stretch.sampleRate)).prefix(room)
  }

  /// Hands the words over and begins anew.
  mutating func handOver() -> [UInt8] {
    converter = RateConverter()
    defer { audio = [] }
    return audio
  }
}
