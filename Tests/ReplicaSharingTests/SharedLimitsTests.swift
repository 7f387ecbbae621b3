import Testing

@testable import ReplicaSharing

/// Three servers that share a limit, with a clock of their own: calls come and go at random, the same in every run.
private struct SharedLimitModel {
  private struct Server {
    var limits = SharedLimits()
    var ends: [Double] = []
    var readAt = -1.0
    var isWanted = false
    /// Readings on their way from Redis.
    var coming: [(at: Double, SharedLimits.Reading)] = []
  }

  /// Numbers that look random.
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  struct Outcome {
    var most = 0
    /// Of the second half of the time.
    var average = 0.0
  }

  let limit: Int
  /// New calls a second, at each server.
  let rates: [Double]
  /// How long a call lasts on average, in seconds.
  let length: Double
  /// Between these times Redis is not there.
  var outage: Range<Double>?

  /// A minute in steps of 5 ms; an answer of Redis takes 20 ms.
  func run(seed: UInt64 = 7) -> Outcome {
    var random = Numbers(state: seed)
    var servers = Array(repeating: Server(), count: rates.count)
    var told = Array(repeating: 0, count: rates.count)
    var outcome = Outcome()
    var sum = 0
    let steps = 12_000
    for step in 0..<steps {
      let time = Double(step) * 0.005
      let now = Duration.seconds(time)
      let isThere = outage.map { !$0.contains(time) } ?? true
      for index in servers.indices {
        servers[index].ends.removeAll { $0 <= time }
        for (at, reading) in servers[index].coming where at <= time && isThere {
          servers[index].limits.read(reading, now: now)
        }
        servers[index].coming.removeAll { $0.at <= time }
        let since = time - servers[index].readAt
        if isThere, servers[index].coming.isEmpty, since >= 0.5 || (servers[index].isWanted && since >= 0.05) {
          told[index] = servers[index].ends.count
          servers[index].readAt = time
          servers[index].isWanted = false
          let others = told.reduce(0, +) - told[index]
          let reading = SharedLimits.Reading(
            own: ["o": told[index]], others: ["o": others], replicas: rates.count, rank: index, second: Int(time))
          servers[index].coming.append((time + 0.02, reading))
        }
        if Double.random(in: 0..<1, using: &random) < rates[index] * 0.005 {
          let own = servers[index].ends.count
          let (ceiling, readsFrom) = servers[index].limits.ceiling(of: "o", limit: limit, now: now)
          if own + 1 >= readsFrom { servers[index].isWanted = true }
          if own < ceiling { servers[index].ends.append(time + length * Double.random(in: 0.5..<1.5, using: &random)) }
        }
      }
      let live = servers.reduce(0) { $0 + $1.ends.count }
      outcome.most = max(outcome.most, live)
      if step >= steps / 2 { sum += live }
    }
    outcome.average = Double(sum) / Double(steps / 2)
    return outcome
  }
}

@Suite("SharedLimits keep an organization's limit over three servers, and let them use it")
struct SharedLimitsTests {
  @Test(
    "more calls than the limit, on all servers or on one: within 5 % above, and used to 95 %",
    arguments: [
      (100, [16.0, 16, 16], 10.0), (100, [0, 0, 100], 10), (100, [3, 10, 40], 10), (1_000, [100, 100, 100], 10),
      (1_000, [0, 0, 190], 10), (40, [6, 6, 6], 10),
    ])
  func limits(limit: Int, rates: [Double], length: Double) {
    for seed in [7, 14, 21] as [UInt64] {
      let outcome = SharedLimitModel(limit: limit, rates: rates, length: length).run(seed: seed)
      #expect(outcome.most <= limit + limit / 20, "\(outcome)")
      #expect(outcome.average >= Double(limit) * 0.95, "\(outcome)")
    }
  }

  @Test("of a small limit, one call for each other server at most is too many")
  func small() {
    let outcome = SharedLimitModel(limit: 6, rates: [1, 1, 1], length: 10).run()
    #expect(outcome.most <= 8 && outcome.average >= 5, "\(outcome)")
  }

  @Test("without Redis each server counts its own alone, and together again when it is back")
  func outage() {
    let outcome = SharedLimitModel(limit: 50, rates: [30, 30, 30], length: 4, outage: 10..<20).run()
    #expect(outcome.most > 120 && outcome.most <= 150)
    #expect(outcome.average <= 52 && outcome.average >= 46, "\(outcome)")
  }

  @Test("before anything was read, and when it is old, the limit is the server's own")
  func own() {
    var limits = SharedLimits()
    #expect(limits.ceiling(of: "o", limit: 10, now: .zero).ceiling == 10)
    limits.read(.init(own: ["o": 2], others: ["o": 7], replicas: 1, rank: 0, second: 0), now: .zero)
    #expect(limits.ceiling(of: "o", limit: 10, now: .milliseconds(2_999)).ceiling == 3)
    #expect(!limits.isCurrent(now: .seconds(3)) && limits.ceiling(of: "o", limit: 10, now: .seconds(3)).ceiling == 10)
  }

  @Test("the rest is divided, its remainder in turns, and half of a part makes a server read again")
  func parts() {
    var limits = SharedLimits()
    limits.read(.init(own: ["o": 10], others: ["o": 80], replicas: 3, rank: 0, second: 0), now: .zero)
    #expect(limits.ceiling(of: "o", limit: 100, now: .zero) == (14, 12))
    let parts = (0..<3).map { rank in
      (0..<3).map { turn in
        limits.read(.init(own: [:], others: ["o": 99], replicas: 3, rank: rank, second: turn * 2), now: .zero)
        return limits.ceiling(of: "o", limit: 100, now: .zero).ceiling
      }
    }
    #expect(parts == [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
  }

  @Test("over the limit, and with a limit that was lowered, no server takes more")
  func over() {
    var limits = SharedLimits()
    limits.read(.init(own: ["o": 5], others: ["o": 8], replicas: 2, rank: 0, second: 0), now: .zero)
    #expect(limits.ceiling(of: "o", limit: 10, now: .zero).ceiling == 2)
    #expect(limits.ceiling(of: "o", limit: 2, now: .zero).ceiling == 0)
  }
}
