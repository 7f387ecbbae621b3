import Basics
import Histogram

/// A run over its time, in intervals of equal length.
public struct ReplaySeries: Sendable, Codable, Equatable {
  /// What was in one interval.
  public struct Point: Sendable, Codable, Equatable {
    /// Where it begins, in seconds from the start of the run.
    public var at: Double
    /// The most calls that were up.
    public var live: Int
    /// Calls that were begun.
    public var begun: Int
    /// Errors of the calls that ended.
    public var errors: Int
    /// Frames that the caller itself sent late.
    public var lateFrames: Int
    /// Turns that were answered.
    public var turns: Int
    /// Their latency in milliseconds, where there were any.
    public var p50: Double?
    /// Nine tenths were answered in this time.
    public var p90: Double?
    /// 99 of 100 were.
    public var p99: Double?
    /// The longest.
    public var max: Double?
  }

  /// The length of an interval, in seconds.
  public var interval: Int
  /// The intervals, in order.
  public var points: [Point]
}

/// What is counted for a ``ReplaySeries``: at most ``most`` intervals, which get longer with the run.
struct SeriesTally: Sendable, Equatable {
  /// The most intervals.
  static let most = 600

  private struct Bucket: Sendable, Equatable {
    var live = 0
    var begun = 0
    var errors = 0
    var lateFrames = 0
    /// In tenths of a millisecond, to two digits.
    var latencies: Histogram<UInt32>?

    mutating func add(_ other: Bucket) {
      begun += other.begun
      errors += other.errors
      lateFrames += other.lateFrames
      guard let more = other.latencies else { return }
      if latencies == nil { latencies = more } else { latencies?.add(more) }
    }
  }

  private var seconds = 1
  private var buckets: [Bucket] = []

  /// So many calls are up.
  mutating func note(live: Int, at time: Duration) { change(time) { $0.live = max($0.live, live) } }

  /// A call was begun.
  mutating func begin(at time: Duration) { change(time) { $0.begun += 1 } }

  /// Frames left late.
  mutating func late(_ frames: Int, at time: Duration) {
    if frames > 0 { change(time) { $0.lateFrames += frames } }
  }

  /// A call that began at a time of the run is over.
  mutating func add(_ caller: Caller, begun: Duration, over: Duration, errors: Int) {
    if errors > 0 { change(over) { $0.errors += errors } }
    for turn in caller.turns where turn.result == .answered && turn.kind != .greeting {
      guard let latency = turn.answerLatency, let answered = turn.firstAudio ?? turn.answered else { continue }
      let tenths = UInt64(min(6_000_000, max(0, latency.wholeMicroseconds / 100)))
      change(begun + answered) { bucket in
        if bucket.latencies == nil {
          bucket.latencies = Histogram(highestTrackableValue: 6_000_000, numberOfSignificantValueDigits: .two)
        }
        bucket.latencies?.record(tenths)
      }
    }
  }

  /// Adds what another loop has counted: its calls were up beside these.
  mutating func add(_ other: SeriesTally) {
    var other = other
    while seconds < other.seconds { halve() }
    while other.seconds < seconds { other.halve() }
    while buckets.count < other.buckets.count { buckets.append(Bucket()) }
    for (index, bucket) in other.buckets.enumerated() {
      buckets[index].add(bucket)
      buckets[index].live += bucket.live
    }
  }

  private mutating func change(_ time: Duration, _ body: (inout Bucket) -> Void) {
    let second = max(0, time.wholeMicroseconds / 1_000_000)
    while second / seconds >= Self.most { halve() }
    while buckets.count <= second / seconds { buckets.append(Bucket()) }
    body(&buckets[second / seconds])
  }

  /// Intervals become twice as long.
  private mutating func halve() {
    seconds *= 2
    buckets = stride(from: 0, to: buckets.count, by: 2).map { index in
      var bucket = buckets[index]
      if index + 1 < buckets.count {
        bucket.add(buckets[index + 1])
        bucket.live = max(bucket.live, buckets[index + 1].live)
      }
      return bucket
    }
  }

  /// The series; `nil` where nothing was counted.
  var series: ReplaySeries? {
    guard !buckets.isEmpty else { return nil }
    let points = buckets.enumerated().map { index, bucket in
      let times = bucket.latencies.flatMap { $0.totalCount > 0 ? $0 : nil }
      let percentile = { (percentile: Double) in times.map { Double($0.valueAtPercentile(percentile)) / 10 } }
      return ReplaySeries.Point(
        at: Double(index * seconds), live: bucket.live, begun: bucket.begun, errors: bucket.errors,
        lateFrames: bucket.lateFrames, turns: Int(clamping: times?.totalCount ?? 0), p50: percentile(50),
        p90: percentile(90), p99: percentile(99), max: times.map { Double($0.max) / 10 })
    }
    return ReplaySeries(interval: seconds, points: points)
  }
}
