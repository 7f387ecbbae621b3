import Testing

@testable import ReplayKit

@Suite("Which calls are begun when")
struct CallPlanTests {
  private static let failed = CallOutcome.failed(CallError(.status(code: 14, message: ""), during: .sessionStart))
  private static let refused = CallOutcome.failed(CallError(.status(code: 16, message: ""), during: .sessionStart))

  /// The slots that are begun, looking every 5 ms until a time.
  private static func begun(_ plan: inout some CallPlan, from: Int = 0, until end: Int) -> [(slot: Int, at: Int)] {
    stride(from: from, to: end, by: 5).flatMap { now in
      plan.look(at: .milliseconds(now)).compactMap { order in
        if case .begin(let slot, _, _) = order { (slot, now) } else { nil }
      }
    }
  }

  @Test("Held calls begin evenly in the ramp, each loop its part, and once only without a duration")
  func ramp() {
    let load = ReplayLoad(calls: 5, ramp: .seconds(1))
    var first = HeldCalls(load, place: 0, stride: 2)
    var second = HeldCalls(load, place: 1, stride: 2)
    let one = Self.begun(&first, until: 2000)
    let two = Self.begun(&second, until: 2000)
    #expect(one.map(\.slot) == [0, 2, 4] && one.map(\.at) == [0, 400, 800])
    #expect(two.map(\.slot) == [1, 3] && two.map(\.at) == [200, 600])
    first.over(slot: 0, .hungUp, at: .seconds(2), random: 0)
    #expect(Self.begun(&first, from: 2000, until: 9000).isEmpty)
    #expect(!first.isDone)
    first.over(slot: 2, Self.failed, at: .seconds(9), random: 0)
    first.over(slot: 4, .hungUp, at: .seconds(9), random: 0)
    #expect(first.isDone)
  }

  @Test("With a duration a caller calls again, later after a failure and not after a refusal, until all end soon")
  func again() {
    var plan = HeldCalls(ReplayLoad(calls: 3, duration: .seconds(5)), place: 0, stride: 1)
    #expect(Self.begun(&plan, until: 5).map(\.slot) == [0, 1, 2])
    plan.over(slot: 0, .hungUp, at: .seconds(1), random: 1)
    plan.over(slot: 1, Self.failed, at: .seconds(1), random: 1)
    plan.over(slot: 2, Self.refused, at: .seconds(1), random: 1)
    let later = Self.begun(&plan, from: 1000, until: 4500)
    #expect(later.map(\.slot) == [0, 1] && later.map(\.at) == [1100, 2000])
    #expect(plan.look(at: .seconds(5)) == [.endSoon(slot: 0), .endSoon(slot: 1)])
    plan.over(slot: 0, .hungUp, at: .seconds(6), random: 0)
    plan.over(slot: 1, .hungUp, at: .seconds(6), random: 0)
    #expect(plan.isDone)
  }

  @Test("A level that falls has the last callers hang up, and they do not call again until it rises")
  func stages() {
    let load = ReplayLoad(
      .calls,
      stages: [
        LoadStage(level: 3, duration: .seconds(1)), LoadStage(level: 1, duration: .seconds(1)),
        LoadStage(level: 2, duration: .seconds(1)),
      ], rounds: nil)
    var plan = HeldCalls(load, place: 0, stride: 1)
    #expect(Self.begun(&plan, until: 1000).map(\.slot) == [0, 1, 2])
    #expect(plan.look(at: .seconds(1)) == [.endSoon(slot: 2), .endSoon(slot: 1)])
    plan.over(slot: 2, .hungUp, at: .milliseconds(1200), random: 0)
    plan.over(slot: 1, .hungUp, at: .milliseconds(1200), random: 0)
    let later = Self.begun(&plan, from: 1200, until: 2900)
    #expect(later.map(\.slot) == [1] && later.map(\.at) == [2000])
  }

  private static func arriving(rate: Double, seconds: Int, cap: Int) -> ArrivingCalls {
    let load = ReplayLoad(
      .arrivals(.steady, cap: cap), stages: [LoadStage(level: rate, duration: .seconds(seconds))], rounds: 1)
    return ArrivingCalls(load, .steady, cap: cap, place: 0, stride: 1)
  }

  @Test("Arriving calls begin when they are due, whether those before are over or not")
  func arrivals() {
    var plan = Self.arriving(rate: 4, seconds: 2, cap: 100)
    let calls = Self.begun(&plan, until: 4000)
    #expect(calls.map(\.at) == (0..<8).map { 250 * $0 })
    #expect(calls.map(\.slot) == Array(0..<8))
    for call in calls { plan.over(slot: call.slot, .hungUp, at: .seconds(4), random: 0) }
    #expect(plan.isDone)
  }

  @Test("A call that finds as many up as may be waits, keeps the time at which it was due, and is missed at the end")
  func cap() {
    var plan = Self.arriving(rate: 2, seconds: 3, cap: 1)
    #expect(plan.look(at: .zero) == [.begin(slot: 0, number: 0, due: .zero)])
    #expect(plan.look(at: .milliseconds(1700)) == [])
    plan.over(slot: 0, .hungUp, at: .milliseconds(1700), random: 0)
    #expect(
      plan.look(at: .milliseconds(1705)) == [.begin(slot: 0, number: 1, due: .milliseconds(500))])
    #expect(
      plan.look(at: .seconds(3)) == [1000, 1500, 2000, 2500].map { .miss(after: .seconds(3) - .milliseconds($0)) })
    #expect(!plan.isDone)
    plan.over(slot: 0, .hungUp, at: .seconds(4), random: 0)
    #expect(plan.isDone)
  }

  @Test("Two loops share the arrivals and the cap, and begin each call once")
  func loops() {
    let load = ReplayLoad(
      .arrivals(.poisson(seed: 3), cap: 5), stages: [LoadStage(level: 5, duration: .seconds(4))], rounds: 1)
    var numbers: [Int] = []
    for place in 0..<2 {
      var plan = ArrivingCalls(load, .poisson(seed: 3), cap: 5, place: place, stride: 2)
      for now in stride(from: 0, through: 5000, by: 5) {
        for order in plan.look(at: .milliseconds(now)) {
          guard case .begin(let slot, let number, _) = order else { continue }
          #expect(slot < (place == 0 ? 3 : 2))
          numbers.append(number)
          plan.over(slot: slot, .hungUp, at: .milliseconds(now), random: 0)
        }
      }
      #expect(plan.isDone)
    }
    var all = ArrivalTimes(load.curve, .poisson(seed: 3))
    while all.next != nil { all.advance() }
    #expect(numbers.sorted() == Array(0..<all.number) && all.number > 5)
  }

  @Test("An interrupt begins no more, misses who waits and has the others hang up")
  func interrupt() {
    var plan = Self.arriving(rate: 10, seconds: 10, cap: 1)
    _ = plan.look(at: .milliseconds(150))
    #expect(
      plan.stop(at: .milliseconds(200), endsCalls: true) == [.miss(after: .milliseconds(100)), .endSoon(slot: 0)])
    #expect(plan.look(at: .seconds(5)) == [])
  }
}
