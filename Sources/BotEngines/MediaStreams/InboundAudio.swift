import AudioCodecs
import BotEngine

/// The caller's audio as a bot of Twilio's expects it: mu-law at 8,000 Hz, 20 ms after 20 ms, without a gap from the
/// start of the stream to its end.
///
/// Webex sends audio only while the caller's turn is open. A bot that finds the ends of turns by silence would wait for
/// ever in the gaps, so they are filled with silence, as time passes: once nothing has come for ``gap``, wherever the
/// stream has fallen more than ``slack`` behind the clock. Audio that comes later than that finds silence in its place
/// and follows it; the stream is then ahead of the clock and nothing is filled until the clock has caught up.
struct InboundAudio {
  /// Bytes of a frame: 20 ms.
  static let frame = 160

  /// What the stream may be behind the clock within a gap.
  static let slack = Duration.milliseconds(100)

  /// Time without audio that makes a gap: more than the jitter of a bad network.
  static let gap = Duration.milliseconds(400)

  /// What the stream may be ahead of the clock. More is a caller who sends faster than time passes: the clock is put
  /// forward, or the next silence would be swallowed.
  static let maximumLead = Duration.milliseconds(500)

  private var pending: [UInt8] = []
  private var converter = RateConverter()
  /// When the stream began, put right by bursts.
  private var origin: Duration
  private var lastAudio: Duration
  /// Frames given out.
  private(set) var frames = 0

  init(now: Duration) {
    origin = now
    lastAudio = now - Self.gap
  }

  /// The stream's length so far.
  private var position: Duration { .milliseconds(20 * frames) + .microseconds(125 * pending.count) }

  /// Appends what the caller said.
  mutating func append(_ audio: CallerAudio, now: Duration) {
    pending += AudioEncoding.mulaw.encode(converter.convert(audio.samples, from: audio.sampleRate))
    lastAudio = now
    let lead = origin + position - now
    if lead > Self.maximumLead { origin -= lead - Self.maximumLead }
  }

  /// Puts silence where nothing came.
  mutating func fill(now: Duration) {
    let behind = now - origin - position
    guard behind > Self.slack, now - lastAudio >= Self.gap else { return }
    // After a long wait, for the connection or of the process, no more than a second of it is made good.
    let missing = min(behind, .seconds(1))
    origin += behind - missing
    pending += [UInt8](repeating: AudioEncoding.mulaw.silence, count: Int(missing / .microseconds(125)))
  }

  /// Gives out the whole frames, each with the milliseconds of the stream before it.
  mutating func takeFrames(_ body: (_ payload: ArraySlice<UInt8>, _ offset: Int) -> Void) {
    let whole = pending.count / Self.frame
    for frame in 0..<whole {
      body(pending[frame * Self.frame..<(frame + 1) * Self.frame], 20 * (frames + frame))
    }
    frames += whole
    pending.removeFirst(whole * Self.frame)
  }

  /// When ``fill(now:)`` would have something to do if nothing came until then.
  var nextFill: Duration { max(origin + position + Self.slack + .milliseconds(20), lastAudio + Self.gap) }
}
