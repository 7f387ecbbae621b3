import GRPCTransport
import Logging
import Metrics

/// Looks at the loops and their calls every quarter of a second, decides whether more calls are taken on, and tells it.
struct LoadWatch {
  /// Time between two looks.
  static let interval = Duration.milliseconds(250)
  /// Every so many looks the calls' lags go into the histogram.
  private static let looksPerRecord = 4

  private struct Watched {
    let loop: EventLoop
    let ratio: Meter
    var detector = OverloadDetector()
    var sleepless: Int64
    var seen: Int64
  }

  private var loops: [ObjectIdentifier: Watched] = [:]
  private let monitor: LoadMonitor
  private let metrics: GatewayMetrics
  private let log: Logger
  private var looks = 0

  init(loops: [EventLoop], monitor: LoadMonitor, metrics: GatewayMetrics, log: Logger) {
    let now = EventLoop.now
    for (index, loop) in loops.enumerated() {
      let ratio = Meter(label: "patchbay_loop_sleepless_ratio", dimensions: [("loop", "\(index)")])
      self.loops[ObjectIdentifier(loop)] = Watched(
        loop: loop, ratio: ratio, sleepless: loop.activity.sleeplessNanoseconds(now: now), seen: now)
    }
    self.monitor = monitor
    self.metrics = metrics
    self.log = log
  }

  mutating func look(at statuses: [SessionStatus], limit: Duration, now: Int64) {
    looks += 1
    var lags: [ObjectIdentifier: [Int]] = [:]
    var all: [Int] = []
    for status in statuses {
      guard let lag = status.takeLag() else { continue }
      lags[status.loop, default: []].append(lag)
      all.append(lag)
    }
    all.sort()
    metrics.lag(median: Self.quantile(0.5, of: all), p95: Self.quantile(0.95, of: all))
    if looks % Self.looksPerRecord == 0 { for lag in all { metrics.lag(lag) } }

    var worst: Int?
    var hasChanged = false
    for id in loops.keys {
      guard var watched = loops[id] else { continue }
      let sleepless = watched.loop.activity.sleeplessNanoseconds(now: now)
      let ratio = min(1, Double(max(0, sleepless - watched.sleepless)) / Double(max(1, now - watched.seen)))
      (watched.sleepless, watched.seen) = (sleepless, now)
      watched.ratio.set(ratio)
      let lag = lags[id].map { Self.quantile(0.95, of: $0.sorted()) }
      let sample = OverloadDetector.Sample(sleepless: ratio, lag: lag)
      hasChanged = watched.detector.observe(sample, limit: limit, now: .nanoseconds(now)) || hasChanged
      if watched.detector.isOverloaded { worst = max(worst ?? 0, lag ?? 0) }
      loops[id] = watched
    }
    monitor.set(worst.map { "the server is overloaded: its callers are heard up to \($0) ms late" })
    guard hasChanged else { return }
    metrics.overloaded.set(worst == nil ? 0 : 1)
    if let worst {
      log.warning(
        "overloaded: new calls are refused",
        metadata: [
          "median_lag_ms": "\(Self.quantile(0.5, of: all))", "p95_lag_ms": "\(worst)", "live": "\(statuses.count)",
        ])
    } else {
      log.notice("no longer overloaded: new calls are taken on", metadata: ["live": "\(statuses.count)"])
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
