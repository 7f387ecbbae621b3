import AudioCodecs
import BotEngine
import WebexProtocol

/// One speaker of a forked conversation: from the bytes of the leg to samples on the session's clock.
final class ForkLeg {
  let source: MediaSource
  private(set) var audio = CallerAudioDecoder(keepsRate: true)
  private(set) var pace = RealTimeGuard()
  private let rate: Int
  private var resampler: Resampler?
  /// Room for one resampled piece; it is used again.
  private var room: [Int16] = []
  var clock: SourceClock
  /// The last piece of audio was refused.
  var isRefused = false

  init(_ source: MediaSource, rate: Int) {
    self.source = source
    self.rate = rate
    clock = SourceClock(rate: rate)
  }

  /// The id of a leg: role and the platform's id, so that the same leg is found again.
  static func id(_ role: ForkRole, _ roleID: String) -> String {
    let name =
      switch role {
      case .caller: "caller"
      case .agent: "agent"
      case .unspecified: "unknown"
      }
    return roleID.isEmpty ? name : "\(name):\(roleID)"
  }

  /// The stages of the leg's audio, in one line.
  var chain: String {
    [audio.format.stageName, resampler?.stageName, "receivers"].compactMap(\.self).joined(separator: " → ")
  }

  /// A leg that is sent anew begins with a format that it states anew, and may begin with a header.
  func resume() {
    clock.resume()
    restart()
  }

  /// After audio that was not what it claimed, the next piece is taken as a beginning.
  func restart() {
    audio.finish()
    audio = CallerAudioDecoder(
      defaults: audio.format, formatChanges: audio.counts.formatChanges, keepsRate: true)
  }

  /// Decodes a piece and brings it to the session's rate; hands it on, valid within the call.
  ///
  /// - Returns: what is to be done about the leg's pace.
  func decode(
    _ piece: ForkRequestView.Audio, encoding: AudioEncoding?, scratch: SampleScratch, now: Duration,
    _ body: (UnsafeBufferPointer<Int16>) -> Void
  ) throws(AudioError) -> RealTimeGuard.Decision {
    let samples = try audio.decode(
      piece.bytes, encoding: encoding, sampleRate: Int(piece.sampleRate), into: scratch)
    let decision = pace.receive(samples: samples.count, sampleRate: audio.sampleRate, now: now.nanoseconds)
    if decision == .refuse || samples.isEmpty { return decision }
    if audio.sampleRate == rate {
      resampler = nil
      body(samples)
      return decision
    }
    if resampler?.inputRate != audio.sampleRate { resampler = try Resampler(from: audio.sampleRate, to: rate) }
    resampler?.process(samples, in: &room, body)
    return decision
  }
}
