import Testing

@testable import CallGateway

@Suite("Overload")
struct OverloadDetectorTests {
  /// A detector with its time.
  private struct Watch {
    var detector = OverloadDetector()
    var now = Duration.zero

    /// Samples of a quarter of a second each; gives the time after which the decision changed.
    mutating func see(sleepless: Double, lag: Int?, seconds: Double) -> Duration? {
      let began = now
      for _ in 0..<Int(seconds * 4) {
        now += .milliseconds(250)
        let sample = OverloadDetector.Sample(sleepless: sleepless, lag: lag)
        if detector.observe(sample, limit: .milliseconds(100), now: now) { return now - began }
      }
      return nil
    }
  }

  @Test("late callers on a loop that never sleeps are an overload in less than a second; soon after it they are none")
  func comesAndGoes() {
    var watch = Watch()
    #expect(watch.see(sleepless: 1, lag: 99, seconds: 60) == nil)
    #expect(watch.see(sleepless: 1, lag: 100, seconds: 60) == .milliseconds(750))
    #expect(watch.detector.isOverloaded)
    #expect(watch.see(sleepless: 1, lag: 50, seconds: 60) == nil, "half the limit is still too much")
    #expect(
      watch.see(sleepless: 0.3, lag: 400, seconds: 60) == .milliseconds(1250),
      "it sleeps again: they are late by themselves")
    #expect(!watch.detector.isOverloaded)
  }

  @Test("clients that send late are no overload while the loop finds time to sleep")
  func slowClients() {
    var watch = Watch()
    #expect(watch.see(sleepless: 0.85, lag: 5_000, seconds: 600) == nil)
  }

  @Test("a loop that is busy all the time, and whose callers are in time, is no overload")
  func busyAndInTime() {
    var watch = Watch()
    #expect(watch.see(sleepless: 1, lag: 10, seconds: 600) == nil)
  }

  @Test("a burst of half a second is no overload, however often it comes")
  func bursts() {
    var watch = Watch()
    for _ in 0..<50 {
      #expect(watch.see(sleepless: 1, lag: 300, seconds: 0.5) == nil)
      #expect(watch.see(sleepless: 0.2, lag: 0, seconds: 0.25) == nil)
    }
  }

  @Test("a busy loop that reads no audio at all stays what it was")
  func nothingHeard() {
    var watch = Watch()
    #expect(watch.see(sleepless: 1, lag: nil, seconds: 60) == nil)
    _ = watch.see(sleepless: 1, lag: 1_000, seconds: 2)
    #expect(watch.see(sleepless: 1, lag: nil, seconds: 60) == nil)
    #expect(watch.detector.isOverloaded)
  }

  @Test("quantiles of sorted values")
  func quantiles() {
    #expect(LoadWatch.quantile(0.5, of: []) == 0)
    #expect(LoadWatch.quantile(0.5, of: [7]) == 7)
    #expect(LoadWatch.quantile(0.95, of: Array(0..<100)) == 95)
  }
}
