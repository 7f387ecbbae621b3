import Foundation
import Testing

@testable import ReplayKit

@Suite("The report of a load")
struct ReportTests {
  private static func tally() -> ReplayTally {
    var tally = ReplayTally()
    for milliseconds in 1...1000 { tally.record(.turnLatency, .milliseconds(milliseconds)) }
    tally.calls = 2
    tally.turns = 1000
    tally.errors = ["UNAVAILABLE": 1]
    tally.failures = ["UNAVAILABLE": CallError(.status(code: 14, message: "</script><b>"), during: .audio)]
    tally.expectations[.init(call: "a \"<&\u{1}>", turn: 0, text: "audio")] = ExpectationCount(kept: 2)
    tally.expectations[.init(call: "a", turn: 1, text: "answered within 1 ms")] = ExpectationCount(
      kept: 1, failed: 2, seen: "90 ms")
    return tally
  }

  private static func report() throws -> ReplayReport {
    var report = ReplayReport(tally(), wall: .seconds(3))
    report.verdict = ReplayVerdict([try Requirement("turn p99 < 900ms")], on: tally(), wall: .seconds(3))
    report.addDetails(tally())
    report.about = .init(
      target: "host:1", began: Date(timeIntervalSince1970: 0), command: ["patchbay", "replay", "it's </script>"],
      load: "2 calls at once", played: ["a"], isReplayerLate: false)
    return report
  }

  @Test("What is written can be read again, for a comparison")
  func json() throws {
    let report = try Self.report()
    let again = try ReplayReport(json: Array(JSONEncoder().encode(report)))
    #expect(again == report)
    #expect(
      again.about?.began == "1970-01-01T00:00:00Z" && again.about?.command == #"patchbay replay 'it'\''s </script>'"#)
    #expect(throws: (any Error).self) { try ReplayReport(json: Array("{}".utf8)) }
    #expect(report.lines(beside: again).count == 2)
  }

  @Test("Distributions go as far as the count of times can tell")
  func distribution() throws {
    let points = try #require(try Self.report().distributions?["turnLatency"])
    #expect(points.first == [0, 1] && points.last?.first == 3.5)
    let p99 = try #require(points.first { $0[0] == 2 })
    #expect(abs(p99[1] - 990) < 2)
    #expect(points.map { $0[0] } == points.map { $0[0] }.sorted())
  }

  @Test("The page holds all that it needs, and no text can become markup")
  func page() throws {
    let report = try Self.report()
    let page = try ReplayPage.html(report, beside: report, samples: [], charts: Array("/* charts {{data}} */".utf8))
    #expect(page.hasPrefix("<!doctype html>") && page.contains("/* charts {{data}} */"))
    #expect(page.components(separatedBy: "</script>").count == 4, "the page's own three scripts")
    #expect(page.contains("\\u003c/script>\\u003cb>") && !page.contains("</script><b>"))
    #expect(!page.contains("src=\"http") && !page.contains("{{style}}") && page.contains("default-src 'none'"))
  }

  @Test("JUnit has a case for each requirement and each expectation")
  func junit() throws {
    let junit = try Self.report().junit
    #expect(junit.contains(#"tests="4" failures="3""#))
    #expect(junit.contains(#"<testcase classname="calls.a &quot;&lt;&amp;�&gt;" name="greeting: audio"/>"#), "\(junit)")
    #expect(junit.contains(#"<failure message="not so in 2 of 3 calls, for one: 90 ms"/>"#))
  }

  @Test("A run's time is told in at most 600 intervals, whose counts add up")
  func series() throws {
    var rig = CallRig([.custom(name: "x", parameters: [:])])
    rig.answer(1, .answer(milliseconds: 100))
    rig.pass(.milliseconds(400))
    rig.answer(rig.rpc, .answer(milliseconds: 100), after: .milliseconds(150))
    var series = SeriesTally()
    #expect(series.series == nil)
    for second in 0..<1500 {
      series.begin(at: .seconds(second))
      series.note(live: second == 700 ? 9 : 3, at: .seconds(second))
    }
    series.late(5, at: .seconds(1499))
    series.add(rig.caller, begun: .seconds(10), over: .seconds(12), errors: 2)
    var other = SeriesTally()
    other.note(live: 4, at: .seconds(1))
    other.begin(at: .seconds(1))
    series.add(other)
    let made = try #require(series.series)
    #expect(made.interval == 4 && made.points.count == 375)
    #expect(made.points.map(\.begun).reduce(0, +) == 1501 && made.points.map(\.live).max() == 9)
    #expect(made.points[0].live == 7 && made.points.last?.lateFrames == 5)
    #expect(made.points[3].errors == 2)
    let answered = made.points.filter { $0.turns > 0 }
    #expect(answered.map(\.turns) == [1] && answered.first.map { abs(($0.p50 ?? 0) - 150) < 3 } == true)
  }

  @Test("Kept are the first call and the worst, with what was heard in them")
  func samples() throws {
    func sample(_ latency: Int, failed: Int = 0) -> CallSample {
      var rig = CallRig([.custom(name: "x", parameters: [:])])
      rig.answer(1, .answer(milliseconds: 100))
      rig.pass(.milliseconds(400))
      rig.answer(rig.rpc, .answer(milliseconds: 100), after: .milliseconds(latency))
      rig.pass(.seconds(2))
      return CallSample(
        rig.caller, name: "\(latency)", outcome: rig.outcomes.first ?? .hungUp, failed: failed,
        events: rig.events.map { ($0, .zero) })
    }
    var samples = CallSamples(most: 3)
    for latency in [100, 200, 900, 300] { samples.add(sample(latency)) }
    samples.add(sample(50, failed: 1))
    #expect(samples.kept.map(\.name) == ["100", "50", "900"])
    let kept = try #require(samples.kept.first)
    let audio = try #require(Data(base64Encoded: kept.audio))
    #expect(abs(Double(audio.count) - kept.seconds * 16_000) < 1 && audio.contains { $0 != 0xFF })
    #expect(kept.turns.count == 2 && kept.events.contains { $0.who == "caller" })
  }
}
