public import CoreMetrics
import Locking
import Synchronization

/// The process's metrics: a backend for swift-metrics that is read as Prometheus text.
///
/// Making an instrument takes a lock, changing one does not: make instruments once and keep them. Label values have to
/// come from a bounded set (never a caller, a conversation or a token). Beyond ``maximumAgents`` agents, and beyond
/// ``maximumSeries`` for one name, further ones are counted together under the value `other`.
public final class MetricsRegistry: Sendable {
  /// Series of one name.
  public static let maximumSeries = 1_000
  /// Values of the label `agent` since the process began: the histograms of each are some fifty lines.
  public static let maximumAgents = 100
  /// Names in all; instruments beyond it work but are not exposed.
  public static let maximumNames = 1_000

  enum Instrument {
    case number(NumberInstrument)
    case histogram(HistogramInstrument)

    var object: AnyObject {
      switch self {
      case .number(let instrument): instrument
      case .histogram(let instrument): instrument
      }
    }
  }

  struct Family {
    var kind: MetricFamily.Kind
    var help: String?
    var bounds = HistogramInstrument.latencies
    /// By the labels as they are exposed.
    var series: [String: Instrument] = [:]
  }

  struct Figure {
    var kind: MetricFamily.Kind
    var help: String
    /// As they are exposed.
    var labels = ""
    var read: @Sendable () -> Double
  }

  struct State {
    var families: [String: Family] = [:]
    var figures: [String: Figure] = [:]
    var agents: Set<String> = []

    /// The dimensions with a name for an agent beyond the bound.
    mutating func bounded(_ dimensions: [(String, String)]) -> [(String, String)] {
      dimensions.map { name, value in
        guard name == "agent", !agents.contains(value) else { return (name, value) }
        guard agents.count < MetricsRegistry.maximumAgents else { return (name, MetricsRegistry.other) }
        agents.insert(value)
        return (name, value)
      }
    }
  }

  let state: Locked<State>
  private static let other = "other"

  /// A registry that says what these families mean, and has no values yet.
  public init(families: [MetricFamily] = []) {
    var state = State()
    for family in families {
      state.families[family.name] = Family(kind: family.kind, help: family.help, bounds: family.bounds)
    }
    self.state = Locked(state)
  }

  /// Makes this registry the process's metrics backend. The first registry of a process wins.
  public func bootstrap() {
    let isFirst = Self.isBootstrapped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    if isFirst { MetricsSystem.bootstrap(self) }
  }

  private static let isBootstrapped = Atomic<Bool>(false)

  /// A gauge whose value is asked for when the metrics are read.
  ///
  /// - Parameter read: called on the reader's thread; must neither wait nor use the registry.
  public func gauge(
    _ label: String, _ help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double
  ) {
    let figure = Figure(kind: .gauge, help: help, labels: Exposition.labels(labels), read: read)
    state.withLock { $0.figures[Exposition.name(label)] = figure }
  }

  /// A counter whose value is asked for when the metrics are read; see ``gauge(_:_:read:)``.
  public func counter(_ label: String, _ help: String, read: @escaping @Sendable () -> Double) {
    state.withLock {
      $0.figures[Exposition.name(label, kind: .counter)] = Figure(kind: .counter, help: help, read: read)
    }
  }

  /// The instrument of a name and its labels, made where there is none. `nil` where the name is of another kind, or
  /// there are too many names.
  func instrument(
    _ label: String, _ dimensions: [(String, String)], kind: MetricFamily.Kind, suffix: String = "",
    make: (Family) -> Instrument
  ) -> Instrument? {
    let name = Exposition.name(label, kind: kind, suffix: suffix)
    return state.withLock { state in
      let labels = Exposition.labels(state.bounded(dimensions))
      var family: Family
      if let existing = state.families[name] {
        guard existing.kind == kind else { return nil }
        family = existing
      } else {
        guard state.families.count < Self.maximumNames else { return nil }
        family = Family(kind: kind)
      }
      if let existing = family.series[labels] { return existing }
      let key =
        family.series.count < Self.maximumSeries - 1
        ? labels : Exposition.labels(dimensions.map { ($0.0, Self.other) })
      if let existing = family.series[key] { return existing }
      let instrument = make(family)
      // Leave the dictionary the only owner while it changes.
      state.families[name] = nil
      family.series[key] = instrument
      state.families[name] = family
      return instrument
    }
  }

  func remove(_ instrument: AnyObject) {
    state.withLock { state in
      for (name, family) in state.families {
        guard let key = family.series.first(where: { $0.value.object === instrument })?.key else { continue }
        state.families[name]?.series[key] = nil
        if let left = state.families[name], left.series.isEmpty, left.help == nil { state.families[name] = nil }
        return
      }
    }
  }
}

extension MetricsRegistry: MetricsFactory {
  private func number(_ label: String, _ dimensions: [(String, String)], _ kind: MetricFamily.Kind) -> NumberInstrument
  {
    let found = instrument(label, dimensions, kind: kind) { _ in .number(NumberInstrument()) }
    if case .number(let instrument) = found { return instrument }
    return NumberInstrument()
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)], suffix: String) -> HistogramInstrument {
    let found = instrument(label, dimensions, kind: .histogram, suffix: suffix) {
      .histogram(HistogramInstrument(bounds: $0.bounds))
    }
    if case .histogram(let instrument) = found { return instrument }
    return HistogramInstrument(bounds: [])
  }

  /// A counter; its name ends with `_total`.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    number(label, dimensions, .counter)
  }

  /// A counter of floating-point numbers; its name ends with `_total`.
  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    number(label, dimensions, .counter)
  }

  /// A gauge that goes up and down.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    number(label, dimensions, .gauge)
  }

  /// A histogram of values, or a gauge where values are not aggregated.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    if aggregate { return histogram(label, dimensions, suffix: "") }
    return number(label, dimensions, .gauge)
  }

  /// A histogram of seconds; its name ends with `_seconds`.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, suffix: "_seconds")
  }

  /// Stops exposing the counter.
  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }

  /// Stops exposing the counter.
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }

  /// Stops exposing the gauge.
  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }

  /// Stops exposing the histogram or gauge.
  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }

  /// Stops exposing the histogram.
  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
