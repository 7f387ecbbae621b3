/// Records audio that says itself where it lies: legs of a forked conversation, a participant of a meeting.
///
/// Places are samples since the recording began. Nothing here waits or touches a file. Not for use from two threads at
/// once.
public final class TrackRecorder {
  /// What comes later than this behind the other side is put where there is room: as late as the other side allows. In
  /// seconds.
  static let margin = 3
  private var handover: MixHandover
  private let sampleRate: Int
  private var mix: StereoMix
  private var newest = 0
  /// How far each channel has come.
  private var ends: [Int]
  private var isOver = false

  init(line: RecordingLine, plan: RecordingPlan, onLoss: @escaping @Sendable (_ milliseconds: Int) -> Void) {
    handover = MixHandover(
      line: line, sampleRate: plan.sampleRate, channels: min(2, max(1, plan.channels.count)), onLoss: onLoss)
    sampleRate = plan.sampleRate
    mix = StereoMix(channels: plan.channels.count)
    ends = [Int](repeating: 0, count: handover.channels)
  }

  /// Audio of a channel, 0 or 1, at a place.
  public func add(_ samples: [Int16], channel: Int, at place: Int) {
    guard !isOver, !samples.isEmpty, place >= 0 else { return }
    if channel == 0 { mix.addLeft(samples, at: place) } else { mix.addRight(samples, at: place) }
    newest = max(newest, mix.end)
    let index = channel == 0 ? 0 : ends.count - 1
    ends[index] = max(ends[index], place + samples.count)
    // Where no side lags, nothing has to be waited for.
    let complete = max(newest - Self.margin * sampleRate, min(newest, ends.min() ?? 0))
    if complete - mix.position >= sampleRate / 2 { handover.write(mix.removeFirst(upTo: complete)) }
  }

  /// Whether what comes from now on may be kept; where not, silence is.
  public func set(isSensitive: Bool) {
    guard !isOver, isSensitive != mix.isMuted else { return }
    if isSensitive { mix.mute(at: newest) } else { mix.unmute(at: newest) }
    event(isSensitive ? "sensitive_began" : "sensitive_ended")
  }

  /// Something that happened now.
  public func event(_ name: String, numbers: [String: Int] = [:], words: [String: String] = [:]) {
    guard !isOver else { return }
    handover.line.write(TimelineEvent(name, at: newest / max(1, sampleRate / 1000), numbers: numbers, words: words))
  }

  /// No more comes.
  public func finish() {
    guard !isOver else { return }
    isOver = true
    handover.write(mix.removeFirst(upTo: newest))
    handover.finish()
  }
}
