import CoreMetrics
import Testing

@testable import Telemetry

@Suite("Metrics")
struct MetricsTests {
  private let registry = MetricsRegistry()

  private func lines() -> [Substring] { registry.exposition().split(separator: "\n") }

  @Test("a counter counts up, by labels, and ends with _total")
  func counter() {
    let registry = MetricsRegistry(families: [.counter("patchbay_calls_total", "Calls\nso far.", by: ["tenant"])])
    var lines: [Substring] { registry.exposition().split(separator: "\n") }
    let a = Counter(label: "patchbay_calls", dimensions: [("tenant", "a"), ("agent", "x")], factory: registry)
    let again = Counter(label: "patchbay_calls", dimensions: [("agent", "x"), ("tenant", "a")], factory: registry)
    let b = Counter(label: "patchbay_calls", dimensions: [("agent", "x"), ("tenant", "b")], factory: registry)
    a.increment()
    again.increment(by: 2)
    b.increment()
    #expect(
      lines == [
        #"# HELP patchbay_calls_total Calls\nso far."#, "# TYPE patchbay_calls_total counter",
        #"patchbay_calls_total{agent="x",tenant="a"} 3"#, #"patchbay_calls_total{agent="x",tenant="b"} 1"#,
      ])
    a.reset()
    #expect(lines[2] == #"patchbay_calls_total{agent="x",tenant="a"} 0"#)
  }

  @Test("gauges and meters go up and down, with fractions")
  func gauges() {
    Gauge(label: "g", factory: registry).record(1.5)
    let meter = Meter(label: "m", factory: registry)
    meter.set(5)
    meter.increment(by: 2.5)
    meter.decrement(by: 0.5)
    FloatingPointCounter(label: "f", factory: registry).increment(by: 0.25)
    registry.gauge("asked", "Asked for.") { .infinity }
    #expect(
      lines() == [
        "# HELP asked Asked for.", "# TYPE asked gauge", "asked +Inf", "# TYPE f_total counter", "f_total 0.25",
        "# TYPE g gauge", "g 1.5", "# TYPE m gauge", "m 7",
      ])
  }

  @Test("a timer is a histogram in seconds with fixed buckets")
  func timer() {
    let timer = Timer(label: "turn_latency", dimensions: [("mode", "wav")], factory: registry)
    timer.recordMilliseconds(1)
    timer.recordMilliseconds(300)
    timer.recordSeconds(60)
    let lines = lines()
    #expect(lines.first == "# TYPE turn_latency_seconds histogram")
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="0.001"} 1"#))
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="0.2"} 1"#))
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="0.35"} 2"#))
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="0.5"} 2"#))
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="10"} 2"#))
    #expect(lines.contains(#"turn_latency_seconds_bucket{mode="wav",le="+Inf"} 3"#))
    #expect(lines.contains(#"turn_latency_seconds_sum{mode="wav"} 60.301"#))
    #expect(lines.contains(#"turn_latency_seconds_count{mode="wav"} 3"#))
  }

  @Test("S7: a name has at most 1,000 series; further ones are counted together")
  func bounded() {
    for index in 0..<5_000 {
      Counter(label: "c", dimensions: [("org", "\(index)")], factory: registry).increment()
    }
    let lines = lines()
    #expect(lines.count == 1 + MetricsRegistry.maximumSeries)
    #expect(lines.contains(#"c_total{org="other"} 4001"#))
  }

  @Test("100 agents have series of their own in every metric; further ones are counted together")
  func agents() {
    for index in 0..<150 {
      Counter(label: "c", dimensions: [("agent", "\(index)"), ("kind", "a")], factory: registry).increment()
    }
    Counter(label: "d", dimensions: [("agent", "149")], factory: registry).increment()
    Counter(label: "d", dimensions: [("agent", "99")], factory: registry).increment()
    let lines = lines()
    #expect(lines.contains(#"c_total{agent="99",kind="a"} 1"#))
    #expect(lines.contains(#"c_total{agent="other",kind="a"} 50"#))
    #expect(lines.contains(#"d_total{agent="99"} 1"#) && lines.contains(#"d_total{agent="other"} 1"#))
  }

  @Test("what is declared says what it means before it has a value, keeps its kind, and has its own buckets")
  func declared() {
    let registry = MetricsRegistry(families: [
      .counter("x_total", "Counts x."), .histogram("length_seconds", "How long.", bounds: [1, 60]),
    ])
    let declared = [
      "# HELP length_seconds How long.", "# TYPE length_seconds histogram", "# HELP x_total Counts x.",
      "# TYPE x_total counter",
    ]
    var lines: [String] { registry.exposition().split(separator: "\n").map(String.init) }
    #expect(lines == declared)
    Gauge(label: "x_total", factory: registry).record(3)
    let timer = Timer(label: "length", factory: registry)
    timer.recordSeconds(30)
    #expect(
      lines[2...6] == [
        #"length_seconds_bucket{le="1"} 0"#, #"length_seconds_bucket{le="60"} 1"#,
        #"length_seconds_bucket{le="+Inf"} 1"#, "length_seconds_sum 30", "length_seconds_count 1",
      ])
    timer.destroy()
    #expect(lines == declared)
  }

  @Test("names are bounded too, and a name keeps its kind")
  func kinds() {
    for index in 0..<1_500 { Counter(label: "n\(index)", factory: registry).increment() }
    #expect(lines().count == 2 * MetricsRegistry.maximumNames)
    let other = MetricsRegistry()
    Gauge(label: "x_total", factory: other).record(3)
    Counter(label: "x", factory: other).increment()
    #expect(other.exposition() == "# TYPE x_total gauge\nx_total 3\n")
  }

  @Test("S8: names and labels cannot break the text", arguments: ["a\"b", "a\nb", "a\\b", "a\u{0}b", "{}", "ä", ""])
  func hostile(text: String) throws {
    Counter(label: text, dimensions: [(text, text)], factory: registry).increment()
    let lines = lines()
    #expect(lines.count == 2)
    let name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
    let pattern = try Regex("\(name)\\{\(name)=\"([^\"\\\\\\n]|\\\\[\\\\\"n])*\"\\} 1")
    #expect(lines[1].wholeMatch(of: pattern) != nil)
  }

  @Test("a destroyed instrument is exposed no more")
  func destroyed() {
    let counter = Counter(label: "gone", factory: registry)
    counter.increment()
    counter.destroy()
    #expect(registry.exposition() == "")
  }

  @Test("no increment of many threads is lost")
  func threads() async {
    let registry = registry
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let counter = Counter(label: "c", factory: registry)
          let sum = FloatingPointCounter(label: "f", factory: registry)
          let timer = Timer(label: "t", factory: registry)
          for _ in 0..<10_000 {
            counter.increment()
            sum.increment(by: 0.5)
            timer.recordNanoseconds(500_000_000)
          }
        }
      }
    }
    let text = registry.exposition()
    #expect(text.contains("c_total 40000\n"))
    #expect(text.contains("f_total 20000\n"))
    #expect(text.contains("t_seconds_count 40000\n"))
    #expect(text.contains("t_seconds_sum 20000\n"))
  }

  @Test("the process's own figures are there")
  func process() {
    ProcessFigures.register(in: registry, sink: nil)
    #expect(ProcessFigures.residentBytes > 1_000_000)
    #expect(ProcessFigures.openDescriptors >= 3)
    #expect(ProcessFigures.cpuSeconds > 0)
    #expect(registry.exposition().contains("# TYPE process_cpu_seconds_total counter\n"))
  }
}
