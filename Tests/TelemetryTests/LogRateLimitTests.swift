import Testing

@testable import Telemetry

@Suite("Rate of the log")
struct LogRateLimitTests {
  private let key = LogRateLimit.Key(label: "a", message: "m")
  private let second: Int64 = 1_000_000_000

  @Test("S8: the same message is admitted 20 times a second; what was left out is counted afterwards")
  func limit() {
    var limit = LogRateLimit()
    let admitted = (0..<100).filter { _ in limit.admit(key, now: 5).isAdmitted }
    #expect(admitted.count == 20)
    let next = limit.admit(key, now: 5 + second)
    #expect(next.isAdmitted)
    #expect(next.suppressed == [.init(key: key, count: 80)])
    #expect(limit.finish() == [])
  }

  @Test("other messages and labels have limits of their own, and report for a message that came no more")
  func apart() {
    var limit = LogRateLimit()
    for _ in 0..<30 { _ = limit.admit(key, now: 0) }
    #expect(limit.admit(.init(label: "a", message: "n"), now: 0).isAdmitted)
    #expect(limit.admit(.init(label: "b", message: "m"), now: 0).isAdmitted)
    #expect(limit.admit(.init(label: "b", message: "m"), now: 2 * second).suppressed == [.init(key: key, count: 10)])
  }

  @Test("a burst of calls loses no line with a tracking id, however many calls and other messages there are")
  func calls() {
    var limit = LogRateLimit()
    for number in 0..<2_000 { _ = limit.admit(.init(label: "a", message: "\(number)"), now: 0) }
    for round in 0..<3 {
      let admitted = (0..<40_000).filter {
        limit.admit(.init(label: "a", message: "m", tracking: "\($0)"), now: Int64(round)).isAdmitted
      }
      #expect(admitted.count == 40_000)
    }
    #expect(limit.admit(key, now: 5).isAdmitted == false, "a line of no call finds too many keys before it")
  }

  @Test("one call that repeats itself is limited by itself, and what it lost is reported with its tracking id")
  func repeating() {
    var limit = LogRateLimit()
    let own = LogRateLimit.Key(label: "a", message: "m", tracking: "one")
    #expect((0..<50).filter { _ in limit.admit(own, now: 0).isAdmitted }.count == 20)
    #expect(limit.admit(.init(label: "a", message: "m", tracking: "two"), now: 0).isAdmitted)
    #expect(limit.admit(own, now: 2 * second).suppressed == [.init(key: own, count: 30)])
  }

  @Test("what is left out at the end is reported at the end")
  func end() {
    var limit = LogRateLimit()
    for _ in 0..<21 { _ = limit.admit(key, now: 0) }
    #expect(limit.finish() == [.init(key: key, count: 1)])
  }

  @Test("messages beyond 1,024 share one limit")
  func manyKeys() {
    var limit = LogRateLimit()
    let admitted = (0..<50_000).filter { limit.admit(.init(label: "a", message: "\($0)"), now: 0).isAdmitted }
    #expect(admitted.count == LogRateLimit.maximumKeys + LogRateLimit.linesPerWindow)
    #expect(limit.finish().map(\.count) == [50_000 - admitted.count])
  }
}
