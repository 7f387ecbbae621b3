import Basics
import AudioCodecs

/// Records one call on its own thread: puts both sides on the call's clock and hands over what is complete.
///
/// Times are since the recording began. Nothing here waits or touches a file. Not for use from two threads at once.
public final class CallRecorder {
  /// Audio younger than this may still be joined by the other side's, or be cut off by an interruption.
  static let margin = Duration.milliseconds(300)
  /// How much is handed over at once.
  static let portion = Duration.milliseconds(300)
  /// How often ``elapsed(now:)`` has to be called, so that all audio is handed over within a second.
  public static let beat = Duration.milliseconds(300)
  /// A caller's audio that comes this much later than it should was not sent meanwhile: there was a pause.
  static let jump = Duration.milliseconds(200)

  /// The recording's random id.
  public let id: String
  private var handover: MixHandover
  private let sampleRate: Int
  private let keepsText: Bool
  private let keepsDigits: Bool
  private var mix = StereoMix()
  private var callerEnd = 0
  private var agentEnd = 0
  private var isOver = false
  private var callerConverter = RateConverter()
  private var agentConverter = RateConverter()

  init(
    line: RecordingLine, sampleRate: Int, keepsText: Bool, keepsDigits: Bool = false,
    onLoss: @escaping @Sendable (_ milliseconds: Int) -> Void
  ) {
    id = line.id
    handover = MixHandover(line: line, sampleRate: sampleRate, channels: 2, onLoss: onLoss)
    self.sampleRate = sampleRate
    self.keepsText = keepsText
    self.keepsDigits = keepsDigits
  }

  /// What the caller says: it ends now, unless it is ahead of its time.
  public func caller(_ samples: UnsafeBufferPointer<Int16>, sampleRate rate: Int, now: Duration) {
    guard !isOver, !samples.isEmpty else { return }
    guard rate != sampleRate else { return placeCaller(samples, now: now) }
    callerConverter.convert(Array(samples), from: rate, to: sampleRate).withUnsafeBufferPointer {
      placeCaller($0, now: now)
    }
  }

  private func placeCaller(_ samples: UnsafeBufferPointer<Int16>, now: Duration) {
    let arrived = place(of: now) - samples.count
    if callerEnd < arrived - count(of: Self.jump) { callerEnd = max(0, arrived) }
    mix.addLeft(samples, at: callerEnd)
    callerEnd += samples.count
    handOver(now: now)
  }

  /// What the agent says, in mu-law at 8,000 Hz: it is heard when what was said before it has been.
  public func agent(mulaw bytes: some Collection<UInt8>, now: Duration) {
    guard !isOver, !bytes.isEmpty else { return }
    let samples = agentConverter.convert(bytes.map { G711.mulawTable[Int($0)] }, from: 8_000, to: sampleRate)
    agentEnd = max(agentEnd, place(of: now))
    mix.addRight(samples, at: agentEnd)
    agentEnd += samples.count
    handOver(now: now)
  }

  /// The caller interrupted: what the agent had still to say is not heard.
  public func interrupted(now: Duration) {
    guard !isOver else { return }
    let place = place(of: now)
    mix.cutRight(at: place)
    agentEnd = min(agentEnd, max(place, mix.position))
  }

  /// Whether what is said now may be kept; where not, silence is.
  public func set(isSensitive: Bool, now: Duration) {
    guard !isOver, isSensitive != mix.isMuted else { return }
    if isSensitive {
      mix.mute(at: place(of: now))
    } else {
      // What the caller sent while it was sensitive may be ahead of its time.
      mix.unmute(at: max(place(of: now), callerEnd))
    }
    event(TimelineEvent(isSensitive ? "sensitive_began" : "sensitive_ended", at: now.wholeMilliseconds))
  }

  /// Something that happened. `text` and `keys` are kept only where the settings say so, and of nothing sensitive.
  public func event(
    _ name: String, now: Duration, numbers: [String: Int] = [:], words: [String: String] = [:], text: String? = nil,
    keys: String? = nil
  ) {
    guard !isOver else { return }
    var event = TimelineEvent(name, at: now.wholeMilliseconds, numbers: numbers, words: words)
    if keepsText, !mix.isMuted, let text { event.words["text"] = text }
    if keepsDigits, !mix.isMuted, let keys { event.words["keys"] = keys }
    self.event(event)
  }

  private func event(_ event: TimelineEvent) { handover.line.write(event) }

  /// Time has passed: what is complete is handed over, whoever speaks and even if nobody does.
  public func elapsed(now: Duration) {
    if !isOver { handOver(now: now) }
  }

  /// The call is over.
  public func finish(now: Duration) {
    guard !isOver else { return }
    interrupted(now: now)
    handOver(upTo: max(place(of: now), min(mix.end, place(of: now) + count(of: .seconds(1)))))
    isOver = true
    handover.finish()
  }

  /// Hands over what is complete, a portion at a time.
  private func handOver(now: Duration) {
    let complete = place(of: now - Self.margin)
    guard complete - mix.position >= count(of: Self.portion) else { return }
    handOver(upTo: complete)
  }

  private func handOver(upTo place: Int) { handover.write(mix.removeFirst(upTo: place)) }

  private func place(of time: Duration) -> Int { max(0, count(of: time)) }

  private func count(of time: Duration) -> Int { time.wholeMicroseconds * sampleRate / 1_000_000 }
}
