/// Whether audio comes faster than anybody can speak it.
///
/// A live call's audio comes as fast as it is spoken. A sender that is briefly faster (after a stall of the network) is
/// let through; one that stays above ``maximumSpeed`` is slowed down by not reading from it; one that is too far ahead of
/// the clock is refused. A value: samples and a clock in, a decision out.
public struct RealTimeGuard: Sendable {
  /// What to do with the sender.
  public enum Decision: Sendable, Hashable {
    /// Go on reading.
    case proceed
    /// Take this chunk, but read the next no sooner than after this many milliseconds.
    case throttle(milliseconds: Int)
    /// End the stream with RESOURCE_EXHAUSTED.
    case refuse
  }

  /// Speed, as a multiple of real time, that may be kept up.
  public var maximumSpeed = 4
  /// How long it may be exceeded, in milliseconds.
  public var tolerance = 5_000
  /// How far the audio may be ahead of the clock, in milliseconds.
  public var maximumLead = 10_000
  /// Chunks without audio that may come in a second.
  public var maximumEmptyChunks = 200

  // All in microseconds. The lead may fall this far below zero: time that a stall has cost may be caught up.
  private static let deepestLag: Int64 = -60_000_000
  private var last: Int64?
  private var lead: Int64 = 0
  private var surplus: Int64 = 0
  private var emptyChunks: Int64 = 0

  /// A guard for a stream that begins with the first chunk.
  public init() {}

  /// How far the audio is ahead of the clock, in milliseconds; negative where it lags.
  public var leadMilliseconds: Int { Int(lead / 1000) }

  /// Takes note of a chunk.
  ///
  /// - Parameters:
  ///   - samples: the chunk's samples; 0 for a chunk without audio.
  ///   - sampleRate: samples a second.
  ///   - now: a monotonic clock, in nanoseconds.
  public mutating func receive(samples: Int, sampleRate: Int, now: Int64) -> Decision {
    let now = now / 1000
    let elapsed = min(max(0, now.subtractingReportingOverflow(last ?? now).partialValue), 3_600_000_000)
    last = max(now, last ?? now)
    let speed = Int64(max(1, maximumSpeed))
    lead = max(lead - elapsed, Self.deepestLag)
    surplus = max(surplus - speed * elapsed, 0)
    let spacing = 1_000_000 / Int64(max(1, maximumEmptyChunks))
    emptyChunks = max(emptyChunks - elapsed, 0)

    guard samples > 0, sampleRate > 0 else {
      emptyChunks = min(emptyChunks + spacing, 10_000_000)
      let excess = emptyChunks - 1_000_000
      return excess > 0 ? .throttle(milliseconds: Int(excess / 1000) + 1) : .proceed
    }
    let duration = Int64(min(samples, 1 << 30)) * 1_000_000 / Int64(sampleRate)
    lead += duration
    surplus = min(surplus + duration, 3_600_000_000)
    if lead > Int64(maximumLead) * 1000 { return .refuse }
    let excess = surplus - speed * Int64(tolerance) * 1000
    return excess > 0 ? .throttle(milliseconds: Int(excess / speed / 1000) + 1) : .proceed
  }
}
