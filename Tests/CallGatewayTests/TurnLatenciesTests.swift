import Testing

@testable import CallGateway

@Suite("TurnLatencies tells how long callers wait for the bot")
struct TurnLatenciesTests {
  @Test("before the first turn there is nothing to tell")
  func nothing() { #expect(TurnLatencies().summary == nil) }

  @Test("percentiles are of the values, in whatever order they came")
  func percentiles() throws {
    let latencies = TurnLatencies()
    for value in (1...100).reversed() { latencies.record(Double(value)) }
    let summary = try #require(latencies.summary)
    #expect(summary.count == 100 && summary.p50 == 51 && summary.p90 == 91 && summary.p99 == 100)
  }

  @Test("the latest 1,024 count for the percentiles, all of them for the number")
  func latest() throws {
    let latencies = TurnLatencies()
    for _ in 0..<1000 { latencies.record(9000) }
    for _ in 0..<1000 { latencies.record(100) }
    let mixed = try #require(latencies.summary)
    #expect(mixed.count == 2000 && mixed.p50 == 100 && mixed.p99 == 9000)
    for _ in 0..<24 { latencies.record(100) }
    let summary = try #require(latencies.summary)
    #expect(summary.count == 2024 && summary.p99 == 100)
  }
}
