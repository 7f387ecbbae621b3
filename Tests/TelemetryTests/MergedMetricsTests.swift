import Testing

@testable import Telemetry

@Suite("The metrics of several processes")
struct MergedMetricsTests {
  private func text(_ calls: Int, _ live: Int, _ lag: Double, within: Int) -> String {
    """
    # HELP a_calls_total Calls.
    # TYPE a_calls_total counter
    a_calls_total{agent="x y",result="ok"} \(calls)
    # HELP b_live Live.
    # TYPE b_live gauge
    b_live \(live)
    # HELP c_lag Lag.
    # TYPE c_lag gauge
    c_lag{of="loop"} \(lag)
    # HELP d_seconds Times.
    # TYPE d_seconds histogram
    d_seconds_bucket{le="0.5"} \(within)
    d_seconds_bucket{le="+Inf"} \(within + 1)
    d_seconds_sum 1.5
    d_seconds_count \(within + 1)

    """
  }

  @Test("counters, histograms and the gauges that are counts are summed; other gauges say of whom they are")
  func sums() {
    let merged = MergedMetrics(summing: ["b_live"])
    #expect(
      merged.exposition(of: [(0, text(2, 3, 0.5, within: 4)), (1, text(5, 1, 0.25, within: 1)), (2, "")]) == """
        # HELP a_calls_total Calls.
        # TYPE a_calls_total counter
        a_calls_total{agent="x y",result="ok"} 7
        # HELP b_live Live.
        # TYPE b_live gauge
        b_live 4
        # HELP c_lag Lag.
        # TYPE c_lag gauge
        c_lag{of="loop",process="0"} 0.5
        c_lag{of="loop",process="1"} 0.25
        # HELP d_seconds Times.
        # TYPE d_seconds histogram
        d_seconds_bucket{le="0.5"} 5
        d_seconds_bucket{le="+Inf"} 7
        d_seconds_sum 3
        d_seconds_count 7

        """)
  }

  @Test("what a process counted that is gone counts on, and its gauges do not")
  func gone() {
    var merged = MergedMetrics(summing: ["b_live"])
    merged.retire(text(2, 3, 0.5, within: 4))
    merged.retire("nonsense\n# TYPE x\n")
    let whole = merged.exposition(of: [(0, text(5, 1, 0.25, within: 1))])
    #expect(whole.contains("a_calls_total{agent=\"x y\",result=\"ok\"} 7\n"))
    #expect(whole.contains("b_live 1\n") && whole.contains("d_seconds_count 7\n"))
    #expect(merged.exposition(of: []).contains("a_calls_total{agent=\"x y\",result=\"ok\"} 2\n"))
  }
}
