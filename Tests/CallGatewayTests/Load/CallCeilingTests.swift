import Testing

@testable import CallGateway

@Suite("Ceiling of live calls")
struct CallCeilingTests {
  /// A server that carries some number of calls, and what it is offered; in steps of 10 ms.
  private struct Simulation {
    /// Calls that take all of the server's time.
    let capacity: Double
    /// The mean length of a call, in seconds.
    let length: Double
    /// What taking a call on, and refusing one, takes of the server's time, in seconds.
    let costs = (start: 0.004, refusal: 0.0005)

    var ceiling = CallCeiling()
    var room: Int?
    var refused = 0
    var now = 0.0
    /// When the live calls end.
    var ends: [Double] = []
    /// Work that waits, in seconds.
    var backlog = 0.0
    var lastEmpty = 0.0
    var arrivals = 0.0
    var random = Random()
    var unseen = (refused: 0, busy: 0.0)
    var steps = 0

    init(capacity: Double, length: Double, live: Int = 0) {
      (self.capacity, self.length) = (capacity, length)
      for _ in 0..<live { ends.append(random.next() * length * 1.5) }
    }

    /// Runs for a time; gives the seconds of calls that were served in time, per second, and the calls refused.
    ///
    /// - Parameter load: what is offered, as a part of the capacity.
    mutating func run(seconds: Double, load: Double) -> (goodput: Double, refused: Int) {
      let before = refused
      var good = 0.0
      for _ in 0..<Int(seconds * 100) {
        good += step(load: load)
      }
      return (good / seconds, refused - before)
    }

    /// The process does nothing for a time, not even watch.
    mutating func stop(seconds: Double) {
      now += seconds
      backlog += seconds * Double(ends.count) / capacity
    }

    private mutating func step(load: Double) -> Double {
      now += 0.01
      steps += 1
      ends.removeAll { $0 <= now }
      arrivals += load * capacity / length * 0.01
      while arrivals >= 1 {
        arrivals -= 1
        arrive()
      }
      backlog = max(0, backlog + Double(ends.count) / capacity * 0.01 - 0.01)
      if backlog == 0 {
        unseen.busy = max(unseen.busy, now - lastEmpty)
        lastEmpty = now
      }
      if steps % 5 == 0 { look() }
      return backlog <= 0.5 ? Double(ends.count) * 0.01 : 0
    }

    private mutating func arrive() {
      if let left = room, left <= 0 {
        refused += 1
        unseen.refused += 1
        backlog += costs.refusal
        return
      }
      room = room.map { $0 - 1 }
      ends.append(now + length * (0.5 + random.next()))
      backlog += costs.start
    }

    private mutating func look() {
      let busy = max(unseen.busy, now - lastEmpty)
      ceiling.observe(
        .init(live: ends.count, busy: .seconds(busy), hasAudio: !ends.isEmpty, refused: unseen.refused),
        limit: .milliseconds(100), now: .seconds(now))
      room = ceiling.room(live: ends.count)
      unseen = (0, 0)
    }
  }

  /// Numbers from 0 to 1, the same each time.
  private struct Random {
    var state: UInt64 = 42
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
  }

  @Test("half of what the server carries: nobody is refused", arguments: [10.0, 180])
  func half(length: Double) {
    var server = Simulation(capacity: 50, length: length)
    let (goodput, refused) = server.run(seconds: 600, load: 0.5)
    #expect(refused == 0)
    #expect(goodput > 20)
  }

  @Test(
    "two and four times of what the server carries: nine tenths of the work are left", arguments: [2.0, 4],
    [10.0, 60])
  func goodput(load: Double, length: Double) {
    var server = Simulation(capacity: 50, length: length)
    _ = server.run(seconds: 2 * length, load: load)
    let (goodput, refused) = server.run(seconds: 300, load: load)
    #expect(goodput >= 0.9 * 0.95 * 50, "\(goodput)")
    #expect(refused > 0)
  }

  @Test("when the rush is over, the server is ready within five seconds and refuses nobody")
  func recovery() {
    var server = Simulation(capacity: 50, length: 10)
    _ = server.run(seconds: 60, load: 4)
    #expect(server.ceiling.isReached)
    _ = server.run(seconds: 5, load: 0.5)
    #expect(!server.ceiling.isReached)
    #expect(server.run(seconds: 60, load: 0.5).refused == 0)
  }

  @Test("a pause of 300 ms, and a process that is stopped for a second, keep nobody out")
  func pauses() {
    for seconds in [0.3, 1] {
      var server = Simulation(capacity: 400, length: 180, live: 200)
      for _ in 0..<10 {
        server.stop(seconds: seconds)
        #expect(server.run(seconds: 10, load: 0.5).refused == 0)
      }
    }
  }

  @Test("a pause is forgotten soon after it, though callers are refused meanwhile", arguments: [0.2, 0.5, 1])
  func forgotten(seconds: Double) {
    var server = Simulation(capacity: 400, length: 1, live: 10)
    server.stop(seconds: seconds)
    #expect(server.run(seconds: 1, load: 0.3).refused > 0)
    #expect(server.run(seconds: 10, load: 0.3).refused == 0)
    #expect(!server.ceiling.isReached)
  }

  @Test("a rush of calls in which nobody speaks yet keeps nobody out")
  func starts() {
    var ceiling = CallCeiling()
    for look in 0..<100 {
      ceiling.observe(
        .init(live: look * 20, busy: .milliseconds(50 * look), hasAudio: false, refused: 0),
        limit: .milliseconds(100), now: .milliseconds(50 * look))
    }
    #expect(ceiling.ceiling == nil && !ceiling.isReached)
  }

  @Test("a loop that stays behind takes nobody, though no new call comes; one look that finds it calm changes nothing")
  func behind() {
    var ceiling = CallCeiling()
    var now = Duration.zero
    func see(_ busy: Duration, for time: Duration) {
      let end = now + time
      while now < end {
        now += .milliseconds(50)
        ceiling.observe(.init(live: 60, busy: busy, hasAudio: true, refused: 0), limit: .milliseconds(100), now: now)
      }
    }
    see(.milliseconds(99), for: .seconds(60))
    #expect(ceiling.ceiling == nil)
    see(.milliseconds(100), for: .milliseconds(50))
    #expect(ceiling.room(live: 60) == 4, "a pause, perhaps")
    see(.seconds(2), for: .milliseconds(1600))
    #expect(ceiling.isReached && ceiling.room(live: 60) == 0 && ceiling.lateness == .seconds(2))
    see(.milliseconds(10), for: .milliseconds(50))
    #expect(ceiling.isReached && ceiling.room(live: 60) == 0)
    see(.milliseconds(10), for: .seconds(2))
    #expect(!ceiling.isReached && ceiling.ceiling == nil)
  }

  @Test("quantiles of sorted values")
  func quantiles() {
    #expect(LoadWatch.quantile(0.5, of: []) == 0)
    #expect(LoadWatch.quantile(0.5, of: [7]) == 7)
    #expect(LoadWatch.quantile(0.95, of: Array(0..<100)) == 95)
  }
}
