import Metrics
import TokenVerification

/// The state of the issuers' keys as metrics, one series an issuer of the configuration, named without its scheme.
struct KeySetFigures {
  private struct Series {
    let age: Meter
    let keys: Meter
    let dropped: Meter
    let fetches: Counter
    let failures: Counter
    var fetched = 0
    var failed = 0

    init(issuer: String) {
      let labels = [("issuer", issuer.split(separator: "://", maxSplits: 1).last.map(String.init) ?? issuer)]
      age = Meter(label: "patchbay_key_set_age_seconds", dimensions: labels)
      keys = Meter(label: "patchbay_key_set_keys", dimensions: labels)
      dropped = Meter(label: "patchbay_key_set_dropped_keys", dimensions: labels)
      fetches = Counter(label: "patchbay_key_set_fetches_total", dimensions: labels)
      failures = Counter(label: "patchbay_key_set_fetch_failures_total", dimensions: labels)
    }
  }

  private var series: [String: Series] = [:]

  /// Brings the metrics up to date. The age is left as it was while there are no keys.
  mutating func record(_ statuses: [RemoteKeySource.Status]) {
    for status in statuses {
      var figures = series[status.issuer] ?? Series(issuer: status.issuer)
      if let age = status.age { figures.age.set(age / .seconds(1)) }
      figures.keys.set(status.keys)
      figures.dropped.set(status.droppedKeys)
      // An issuer that was taken out and put back counts from nothing again.
      figures.fetches.increment(by: max(0, status.fetches - figures.fetched))
      figures.failures.increment(by: max(0, status.failedFetches - figures.failed))
      (figures.fetched, figures.failed) = (status.fetches, status.failedFetches)
      series[status.issuer] = figures
    }
  }
}
