import AudioCodecs
import WebexProtocol

/// One participant's audio: from packets to samples on the session's clock. One decoder a participant, whichever of the
/// streams carries the packets: the platform moves a speaker from stream to stream, and the speaker's encoder goes on.
final class MeetingParticipant {
  /// What comes out: samples, where they begin, and whether they stand for what was lost.
  typealias Output = (_ samples: UnsafeBufferPointer<Int16>, _ position: Int, _ isConcealed: Bool) -> Void

  private enum Decoder {
    /// Made when it is needed.
    case none
    case opus(OpusStream)
    /// G.711 is brought to the session's rate, where that is another.
    case companded(AudioEncoding, Resampler?)
  }

  let id: String
  private let codec: MeetingSettings.AudioCodec
  private let rate: Int
  private var decoder: Decoder
  private var clock: SourceClock
  /// Room for one resampled packet; it is used again.
  private var room: [Int16] = []
  private var quality = PacketQuality()

  /// When the participant was heard last, in packets of the meeting.
  var lastHeard: UInt64 = 0
  /// What became of the packets of the decoders before this one.
  private var before = OpusStream.Counts()

  init(id: String, codec: MeetingSettings.AudioCodec, rate: Int) throws(AudioError) {
    self.id = id
    self.codec = codec
    self.rate = rate
    clock = SourceClock(rate: rate)
    decoder = .none
    try awake()
  }

  /// Whether there is a decoder, which takes memory.
  var isAwake: Bool { if case .none = decoder { false } else { true } }

  /// Makes a decoder where there is none.
  func awake() throws(AudioError) {
    guard case .none = decoder else { return }
    switch codec {
    case .opus: decoder = .opus(try OpusStream(sampleRate: rate))
    case .mulaw, .alaw:
      decoder = .companded(
        codec == .mulaw ? .mulaw : .alaw, rate == 8000 ? nil : try Resampler(from: 8000, to: rate))
    }
  }

  /// Lets the decoder go; the next packet begins anew, at its place on the clock.
  func rest() {
    before = counts
    decoder = .none
  }

  /// The stages of the participant's audio, in one line.
  var chain: String {
    switch decoder {
    case .none: "receivers"
    case .opus: "opus \(rate / 1000)k → receivers"
    case .companded(let encoding, let resampler):
      ["\(encoding.rawValue) 8k", resampler?.stageName, "receivers"].compactMap(\.self).joined(separator: " → ")
    }
  }

  /// What became of the packets so far.
  var counts: OpusStream.Counts {
    guard case .opus(let stream) = decoder else { return before }
    var counts = stream.counts
    counts.packets &+= before.packets
    counts.damaged &+= before.damaged
    counts.recovered &+= before.recovered
    return counts
  }

  /// Whether over half of the packets of the last ten seconds were damaged; once for each ten seconds.
  func isMostlyDamaged(now: Duration) -> Bool { quality.isBad(counts, now: now) }

  /// Decodes a packet and puts it in its place.
  ///
  /// - Parameters:
  ///   - lost: how many of this participant's packets are missing before it.
  ///   - stated: where the sender's time puts it, and `nil` where it tells none; given the packet's samples.
  ///   - arrival: the session's clock.
  func play(
    _ bytes: UnsafeRawBufferPointer, lost: Int, stated: (_ count: Int) -> Int?, arrival: Int, _ body: Output
  ) {
    switch decoder {
    case .none: break
    case .opus(let stream):
      var missing = 0
      stream.decode(bytes, lost: lost) { output in
        switch output {
        case .skip(let count): missing += count
        case .samples(let samples, let isConcealed):
          place(
            samples, missing: missing, stated: isConcealed ? nil : stated(samples.count), continues: isConcealed,
            arrival: arrival, isConcealed, body)
          missing = 0
        }
      }
    case .companded(let encoding, let resampler):
      func place(_ samples: UnsafeBufferPointer<Int16>) {
        self.place(
          samples, missing: min(lost, 1000) * samples.count, stated: stated(samples.count), continues: false,
          arrival: arrival, false, body)
      }
      encoding.decode(bytes).withUnsafeBufferPointer { samples in
        if let resampler { resampler.process(samples, in: &room, place) } else { place(samples) }
      }
    }
  }

  private func place(
    _ samples: UnsafeBufferPointer<Int16>, missing: Int, stated: Int?, continues: Bool, arrival: Int,
    _ isConcealed: Bool, _ body: Output
  ) {
    // What is made up goes where the audio before it ended, however long ago that was.
    let stated = continues ? clock.end + missing : stated
    let placement = clock.place(samples.count, missing: missing, stated: stated, arrival: arrival)
    guard placement.skip < samples.count else { return }
    body(UnsafeBufferPointer(rebasing: samples[placement.skip...]), placement.position, isConcealed)
  }
}

/// How many of a sender's packets are damaged. A value.
struct PacketQuality: Sendable {
  private static let period = Duration.seconds(10)
  private var began: Duration?
  private var packets = 0
  private var damaged = 0

  init() {}

  /// Whether over half of the packets were damaged since the last time that this was known: every ten seconds at most.
  mutating func isBad(_ counts: OpusStream.Counts, now: Duration) -> Bool {
    guard let began else {
      self.began = now
      return false
    }
    guard now - began >= Self.period else { return false }
    let (good, bad) = (counts.packets - packets, counts.damaged - damaged)
    (self.began, packets, damaged) = (now, counts.packets, counts.damaged)
    return bad > good && bad >= 10
  }
}
