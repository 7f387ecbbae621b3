import Locking
import Logging
import Testing

@testable import Telemetry

@Suite("RecentProblems groups the latest warnings and errors")
struct RecentProblemsTests {
  private func note(
    _ problems: inout RecentProblems, _ message: String, _ metadata: Logger.Metadata = [:], error: String? = nil,
    time: Int64
  ) {
    problems.note(.error, message, error: error, metadata: metadata, time: time)
  }

  @Test("lines of one message and cause are one group, whatever numbers are in the cause; of each agent its own")
  func groups() throws {
    var problems = RecentProblems()
    for (second, port) in [(1, 4_711), (2, 52), (3, 9)] {
      note(
        &problems, "the bot failed",
        ["error": "unreachable: port \(port)", "agent": "desk", "conversation": "c-\(second)"], time: Int64(second))
    }
    note(&problems, "the bot failed", ["error": "silent", "agent": "desk"], time: 4)
    note(&problems, "the bot failed", ["error": "unreachable: port 1", "agent": "other"], time: 5)
    #expect(problems.latest.map(\.count) == [1, 1, 3])
    let group = try #require(problems.latest.last)
    #expect(group.cause == "unreachable: port 9" && group.conversation == "c-3" && group.agent == "desk")
    #expect(group.first == 1 && group.last == 3)
  }

  @Test(
    "the cause is what the line says of it, by whatever name",
    arguments: ["error", "problem", "what", "why", "reason"])
  func cause(name: String) {
    var problems = RecentProblems()
    note(&problems, "the configuration has something that is probably not meant", [name: "tenants: nobody"], time: 1)
    #expect(problems.latest.map(\.cause) == ["tenants: nobody"])
  }

  @Test("a new group takes the place of the one that was quiet for the longest")
  func bounded() {
    var problems = RecentProblems()
    for kind in 0..<1_000 {
      note(&problems, "message \(kind % 2 == 0 ? "again" : String(repeating: "x", count: kind))", time: Int64(kind))
    }
    #expect(problems.latest.count == RecentProblems.maximumGroups)
    #expect(problems.latest.contains { $0.message == "message again" && $0.count == 500 })
    #expect(problems.latest.allSatisfy { $0.message.utf8.count <= RecentProblems.maximumText })
  }

  @Test("S3: card numbers are masked, long causes cut")
  func masked() {
    var problems = RecentProblems()
    note(
      &problems, "m", ["conversation": "4111111111111111"],
      error: "for 4111 1111 1111 1111 \(String(repeating: "é", count: 400))", time: 1)
    let group = problems.latest[0]
    #expect(!"\(group)".contains("1111"))
    #expect((group.cause?.utf8.count ?? 0) <= RecentProblems.maximumText)
  }

  @Test("a sink keeps what the limit keeps back, from warnings on")
  func sink() {
    let sink = LogSink(format: .json, writer: LogWriter(descriptor: -1)) { (5_000_000_000, 5_000_000_000) }
    sink.level = .trace
    for _ in 0..<500 { sink.log(.warning, label: "l", message: "again", error: nil, metadata: [:]) }
    sink.log(.notice, label: "l", message: "calm", error: nil, metadata: [:])
    #expect(sink.recentProblems.latest.map(\.count) == [500])
    #expect(sink.suppressed > 0)
  }
}
