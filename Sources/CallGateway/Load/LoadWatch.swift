import GRPCTransport
import Logging
import Metrics

/// Looks at the loops twenty times a second and at their calls four times, decides how many more calls are taken on, and
/// tells it.
struct LoadWatch {
  /// Time between two looks at the loops.
  static let interval = Duration.milliseconds(50)
  /// Every so many looks the calls' lags are read.
  private static let looksPerReading = 5
  /// Every so many looks they go into the histogram.
  private static let looksPerRecord = 20

  private struct Watched {
    let loop: EventLoop
    let ratio: Meter
    var sleepless: Int64
    var seen: Int64
    var hasAudio = false
  }

  private var loops: [Watched] = []
  private let monitor: LoadMonitor
  private let metrics: GatewayMetrics
  private let log: Logger
  private var ceiling = CallCeiling()
  private var looks = 0

  init(loops: [EventLoop], monitor: LoadMonitor, metrics: GatewayMetrics, log: Logger) {
    let now = EventLoop.now
    self.loops = loops.enumerated().map { index, loop in
      Watched(
        loop: loop, ratio: Meter(label: "patchbay_loop_sleepless_ratio", dimensions: [("loop", "\(index)")]),
        sleepless: loop.activity.sleeplessNanoseconds(now: now), seen: now)
    }
    self.monitor = monitor
    self.metrics = metrics
    self.log = log
  }

  mutating func look(at registry: SessionRegistry, limit: Duration, now: Int64) {
    looks += 1
    if looks % Self.looksPerReading == 0 { readLags(of: registry.statuses, now: now) }
    // The loop that is worst off decides for all.
    var sample = CallCeiling.Sample(live: registry.count, busy: .zero, hasAudio: false, refused: monitor.takeRefused())
    for watched in loops {
      let busy = Duration.nanoseconds(watched.loop.activity.takeLongestStretch(now: now))
      if watched.hasAudio, busy >= sample.busy { (sample.busy, sample.hasAudio) = (busy, true) }
    }
    let wasReached = ceiling.isReached
    ceiling.observe(sample, limit: limit, now: .nanoseconds(now))
    let lateness = "\(ceiling.lateness.nanoseconds / 1_000_000)"
    monitor.set(
      ceiling.isReached ? "the server is overloaded: its callers are heard up to \(lateness) ms late" : nil,
      room: ceiling.room(live: sample.live))
    guard ceiling.isReached != wasReached else { return }
    metrics.overloaded.set(ceiling.isReached ? 1 : 0)
    if ceiling.isReached {
      log.warning(
        "overloaded: new calls are refused", metadata: ["lateness_ms": "\(lateness)", "live": "\(sample.live)"])
    } else {
      log.notice("no longer overloaded: new calls are taken on", metadata: ["live": "\(sample.live)"])
    }
  }

  private mutating func readLags(of statuses: [SessionStatus], now: Int64) {
    var audible: Set<ObjectIdentifier> = []
    var lags: [Int] = []
    for status in statuses {
      guard let lag = status.takeLag() else { continue }
      audible.insert(status.loop)
      lags.append(lag)
    }
    lags.sort()
    metrics.lag(median: Self.quantile(0.5, of: lags), p95: Self.quantile(0.95, of: lags))
    if looks % Self.looksPerRecord == 0 { for lag in lags { metrics.lag(lag) } }
    for index in loops.indices {
      let sleepless = loops[index].loop.activity.sleeplessNanoseconds(now: now)
      let time = Double(max(1, now - loops[index].seen))
      let ratio = min(1, Double(max(0, sleepless - loops[index].sleepless)) / time)
      (loops[index].sleepless, loops[index].seen) = (sleepless, now)
      loops[index].ratio.set(ratio)
      // A loop that never sleeps and reads no audio is no better off than it was.
      let isHeard = audible.contains(ObjectIdentifier(loops[index].loop))
      loops[index].hasAudio = isHeard || (loops[index].hasAudio && ratio >= 1)
    }
  }

  /// Of sorted values; 0 where there are none.
  static func quantile(_ part: Double, of sorted: [Int]) -> Int {
    sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
  }
}

extension GatewayMetrics {
  /// A call's lag, in milliseconds.
  func lag(_ milliseconds: Int) { callerLag.recordMilliseconds(milliseconds) }

  func lag(median: Int, p95: Int) {
    medianLag.set(Double(median) / 1000)
    p95Lag.set(Double(p95) / 1000)
  }
}
