import Testing

@testable import ReplayKit

@Suite("The search for capacity")
struct CapacityTests {
  private static func levels(_ search: CapacitySearch, capacity: Double) -> (tried: [Double], kept: Double?) {
    var search = search
    var tried: [Double] = []
    while let level = search.next, tried.count < 100 {
      tried.append(level)
      search.add(level, isKept: level <= capacity)
    }
    return (tried, search.kept)
  }

  @Test("It doubles until a load is not kept, and halves what is between")
  func search() {
    let found = Self.levels(CapacitySearch(first: 10, most: 1000, precision: 0), capacity: 53)
    #expect(found.tried == [10, 20, 40, 80, 60, 50, 55, 53, 54])
    #expect(found.kept == 53)
    #expect(Self.levels(CapacitySearch(first: 10, most: 1000), capacity: 53).tried.count < 9)
  }

  @Test("It goes down from a first load that is too high, and says where none is kept")
  func down() {
    #expect(Self.levels(CapacitySearch(first: 64, most: 1000, precision: 0), capacity: 5).kept == 5)
    let none = Self.levels(CapacitySearch(first: 8, most: 1000), capacity: 0)
    #expect(none.tried == [8, 4, 2, 1] && none.kept == nil)
  }

  @Test("It stops at the most that is tried, and finds fractions of a rate")
  func most() {
    #expect(Self.levels(CapacitySearch(first: 3, most: 10), capacity: 99).tried == [3, 6, 10])
    let rate = Self.levels(CapacitySearch(first: 1, most: 100, grain: 0.1, precision: 0), capacity: 2.35).kept
    #expect(rate.map { abs($0 - 2.3) < 0.001 } == true)
  }

  /// A server that answers within 100 ms up to so many calls and then ever later, and a caller that is fast enough up to
  /// so many.
  private static func trial(_ level: Double, server: Double, replayer: Double) -> CapacityFinder.Trial {
    var tally = ReplayTally()
    tally.calls = Int(level)
    tally.framesSent = 1000 * Int(level)
    for _ in 0..<100 {
      tally.turns += 1
      tally.record(.turnLatency, .milliseconds(Int(level <= server ? 100 : 100 * level / server)))
    }
    if level > replayer { tally.lateFrames = tally.framesSent / 10 }
    return (tally, .seconds(10))
  }

  private static func find(
    server: Double, replayer: Double = .infinity, limit: Duration = .seconds(100_000), interruptedAt: Int = .max
  ) async throws -> CapacityReport {
    let finder = CapacityFinder(
      CapacitySearch(first: 10, most: 1000, precision: 0), unit: "calls",
      requirements: [try Requirement("turn p99 <= 105ms")], allowedErrors: 0, stepTime: .seconds(10), limit: limit)
    var now = Duration.zero
    var steps = 0
    return await finder.find(
      clock: { now },
      trial: { level in
        now += .seconds(12)
        steps += 1
        return steps > interruptedAt ? nil : Self.trial(level, server: server, replayer: replayer)
      }, onStep: { _ in }
    ).report
  }

  @Test("The highest load that is kept is found, with what was measured at each")
  func capacity() async throws {
    let report = try await Self.find(server: 60)
    #expect(report.highest == 63 && report.lowestBroken == 64 && report.limitedBy == .requirements)
    #expect(report.steps.first?.verdict.isPassed == true && report.steps.contains { !$0.isKept })
    #expect(report.summary == "Capacity: 63 calls; 64 calls did not keep the requirements.")
  }

  @Test("Where the caller itself was too slow, that is what bounds it, and it is said")
  func slowReplayer() async throws {
    let report = try await Self.find(server: 600, replayer: 100)
    #expect(report.highest == 100 && report.limitedBy == .replayer)
    #expect(report.summary.contains("the replayer itself was too slow"))
    let broken = report.steps.first { $0.isReplayerLate }
    #expect(broken?.verdict.isPassed == true && broken?.isKept == false)
    #expect(broken?.line("calls").contains("late frames") == true)
  }

  @Test("The time for the search, the highest load and an interrupt end it")
  func bounds() async throws {
    let short = try await Self.find(server: 600, limit: .seconds(40))
    #expect(short.limitedBy == .time && short.highest == 40 && short.steps.count == 3)
    #expect(try await Self.find(server: 5000).limitedBy == .most)
    let interrupted = try await Self.find(server: 60, interruptedAt: 2)
    #expect(interrupted.limitedBy == .interrupted && interrupted.highest == 20)
    #expect(try await Self.find(server: 0.5).highest == nil)
  }
}
