import AudioCodecs
import Testing

@Suite struct RealTimeGuardTests {
  /// Sends frames of 20 ms at a multiple of real time until a decision other than to proceed, or for a time.
  private func send(
    _ pace: inout RealTimeGuard, speed: Double, from start: Double, seconds: Double
  ) -> (decision: RealTimeGuard.Decision, after: Double) {
    var time = 0.0
    while time < seconds {
      let decision = pace.receive(samples: 160, sampleRate: 8000, now: Int64((start + time) * 1e9))
      if decision != .proceed { return (decision, time) }
      time += 0.02 / speed
    }
    return (.proceed, seconds)
  }

  @Test("A6: an hour in real time is let through")
  func realTime() {
    var pace = RealTimeGuard()
    #expect(send(&pace, speed: 1, from: 0, seconds: 3600).decision == .proceed)
    #expect(pace.leadMilliseconds == 20)
  }

  @Test("A6: audio more than ten seconds ahead of the clock is refused", arguments: [2.0, 4.0, 100.0])
  func tooFarAhead(speed: Double) {
    var pace = RealTimeGuard()
    let (decision, after) = send(&pace, speed: speed, from: 0, seconds: 60)
    #expect(decision == .refuse)
    #expect(abs(after * (speed - 1) - 10) < 0.5)
  }

  @Test("A6: ten seconds at once are still let through")
  func burst() {
    var pace = RealTimeGuard()
    for _ in 0..<500 { #expect(pace.receive(samples: 160, sampleRate: 8000, now: 0) == .proceed) }
    #expect(pace.receive(samples: 160, sampleRate: 8000, now: 0) == .refuse)
  }

  @Test("A6: after a stall, audio may catch up at four times real time, and is slowed down above it for five seconds")
  func catchingUp() {
    var pace = RealTimeGuard()
    _ = pace.receive(samples: 160, sampleRate: 8000, now: 0)
    #expect(send(&pace, speed: 4, from: 50, seconds: 15).decision == .proceed)

    var fast = RealTimeGuard()
    _ = fast.receive(samples: 160, sampleRate: 8000, now: 0)
    let (decision, after) = send(&fast, speed: 8, from: 50, seconds: 15)
    guard case .throttle(let wait) = decision else {
      Issue.record("expected to be slowed down, not \(decision)")
      return
    }
    #expect(abs(after - 5) < 0.1)
    #expect((1...10).contains(wait))
    // One that waits as told goes on at four times real time.
    let next = 50 + after + Double(wait) / 1000
    #expect(fast.receive(samples: 160, sampleRate: 8000, now: Int64((next + 0.02) * 1e9)) == .proceed)
  }

  @Test("A6: chunks without audio may come 200 times a second, and are slowed down beyond")
  func emptyChunks() {
    var pace = RealTimeGuard()
    for index in 0..<2000 {
      #expect(pace.receive(samples: 0, sampleRate: 8000, now: Int64(index) * 5_000_000) == .proceed)
    }
    var decisions: [RealTimeGuard.Decision] = []
    for _ in 0..<400 { decisions.append(pace.receive(samples: 0, sampleRate: 8000, now: 10_000_000_000)) }
    #expect(decisions.prefix(190).allSatisfy { $0 == .proceed })
    #expect(decisions.last != .proceed && !decisions.contains(.refuse))
  }

  @Test("A clock that stands still, goes back or leaps does no harm")
  func oddClocks() {
    var pace = RealTimeGuard()
    for now in [0, -5, Int64.max, Int64.min, 0, Int64.max, 1] {
      _ = pace.receive(samples: 160, sampleRate: 8000, now: now)
      _ = pace.receive(samples: .max, sampleRate: 1, now: now)
      _ = pace.receive(samples: -1, sampleRate: 0, now: now)
    }
    #expect(pace.receive(samples: .max, sampleRate: 1, now: 1) == .refuse)
  }
}
