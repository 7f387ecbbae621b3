import Testing

@testable import ReplayKit

@Suite("Load over time")
struct LoadCurveTests {
  private static func due(_ stages: [LoadStage], _ spread: Arrivals = .steady) -> [Duration] {
    var times = ArrivalTimes(LoadCurve(stages), spread)
    var due: [Duration] = []
    while let next = times.next, due.count < 100_000 {
      due.append(next)
      times.advance()
    }
    return due
  }

  @Test("Steady arrivals come evenly, and the first at once")
  func steady() {
    let due = Self.due([LoadStage(level: 4, duration: .seconds(2))])
    #expect(due == (0..<8).map { .milliseconds(250 * $0) })
  }

  @Test("A rising rate brings the calls nearer to one another, and as many as the area below it")
  func ramp() {
    let due = Self.due([LoadStage(level: 10, ramp: .seconds(4), duration: .seconds(1))])
    // 4 s at 5 calls a second on average, and 1 s at 10.
    #expect(due.count == 30)
    #expect(due.filter { $0 < .seconds(4) }.count == 20)
    // 10/4 t²/2 = 5 at t = 2.
    #expect(due[5] == .seconds(2))
    #expect(zip(due, due.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("A rate that falls to 0 ends with the last call that is due")
  func fall() {
    let due = Self.due([LoadStage(level: 10, duration: .seconds(1)), LoadStage(level: 0, ramp: .seconds(2))])
    #expect(due.count == 20)
    #expect(due.last.map { $0 < .seconds(3) } == true)
  }

  @Test("Steps are levels that are held")
  func steps() {
    let due = Self.due([LoadStage(level: 6, ramp: .seconds(3), steps: 3, duration: .seconds(1))])
    let seconds = (0..<4).map { second in due.count { $0 >= .seconds(second) && $0 < .seconds(second + 1) } }
    #expect(seconds == [2, 4, 6, 6])
  }

  @Test("Poisson arrivals are the same again for a seed, with the mean and the spread that they are named for")
  func poisson() {
    let stages = [LoadStage(level: 50, duration: .seconds(400))]
    let due = Self.due(stages, .poisson(seed: 7))
    #expect(due == Self.due(stages, .poisson(seed: 7)))
    #expect(due != Self.due(stages, .poisson(seed: 8)))
    // 20,000 calls; the standard deviation is their root.
    #expect((19_500...20_500).contains(due.count))
    let seconds = due.reduce(into: [Int](repeating: 0, count: 400)) { $0[Int($1.inSeconds)] += 1 }
    let mean = Double(due.count) / 400
    let variance = seconds.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 400
    #expect((0.75...1.25).contains(variance / mean))
  }

  @Test("Calls at once rise one by one, the first at once and the last at the end, and fall again")
  func calls() {
    var cursor = LoadCurve.Cursor(
      LoadCurve([
        LoadStage(level: 4, ramp: .seconds(4), duration: .seconds(1)), LoadStage(level: 2, duration: .seconds(1)),
        LoadStage(level: 0, ramp: .seconds(2)),
      ]))
    let times = [0, 999, 1000, 2500, 3000, 4000, 4999, 5000, 5999, 6000, 6999, 7000, 7500, 8000, 9000]
    let calls = times.map { cursor.calls(at: .milliseconds($0)) }
    #expect(calls == [1, 1, 2, 3, 4, 4, 4, 2, 2, 2, 2, 1, 1, 0, 0])
  }
}
