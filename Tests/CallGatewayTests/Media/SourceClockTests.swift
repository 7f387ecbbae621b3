import Testing

@testable import CallGateway

@Suite("A source on its session's clock")
struct SourceClockTests {
  private static let rate = 8000
  private var clock = SourceClock(rate: rate)

  /// Places pieces of 20 ms; gives where each begins, or `nil` where it was there already.
  private mutating func place(_ stated: [Int?], arrivals: [Int]) -> [Int?] {
    zip(stated, arrivals).map { stated, arrival in
      let placement = clock.place(160, stated: stated, arrival: arrival)
      return placement.skip == 160 ? nil : placement.position
    }
  }

  @Test("begins when it came, or when the sender says")
  mutating func beginning() {
    #expect(clock.place(160, arrival: 1000) == .init(skip: 0, position: 840))
    clock = SourceClock(rate: Self.rate)
    #expect(clock.place(160, stated: 500, arrival: 1000) == .init(skip: 0, position: 500))
    clock = SourceClock(rate: Self.rate)
    #expect(clock.place(160, arrival: 0) == .init(skip: 0, position: 0))
  }

  @Test("goes on without a seam where the times differ by less than 60 ms, or are not stated")
  mutating func jitter() {
    #expect(place([0, 150, 340, 500, nil], arrivals: [160, 330, 480, 640, 8000]) == [0, 160, 320, 480, 640])
  }

  @Test("leaves a gap where the sender paused, by its time or by a second of nothing")
  mutating func pauses() {
    #expect(place([0, 8000, nil, nil], arrivals: [160, 8160, 8320, 40_000]) == [0, 8000, 8160, 39_840])
  }

  @Test("leaves out what was there already, in whole or in part")
  mutating func repetition() {
    _ = clock.place(1600, stated: 0, arrival: 1600)
    #expect(clock.place(800, stated: 400, arrival: 1700) == .init(skip: 800, position: 1600))
    #expect(clock.place(1600, stated: 900, arrival: 1800) == .init(skip: 700, position: 1600))
    #expect(clock.place(160, stated: 2500, arrival: 2700) == .init(skip: 0, position: 2500))
  }

  @Test("leaves out to the sample what a leg repeats before it goes on")
  mutating func replay() {
    for index in 0..<100 { _ = clock.place(160, stated: index * 160, arrival: index * 160 + 160) }
    var added = 0
    for index in 50..<150 {
      let placement = clock.place(160, stated: index * 160, arrival: 24_000 + index * 160)
      added += 160 - placement.skip
      if placement.skip < 160 { #expect(placement.position == index * 160) }
    }
    #expect(added == 50 * 160)
  }

  @Test("takes a leg that comes again without a time for what comes now")
  mutating func resuming() {
    _ = clock.place(160, arrival: 160)
    clock.resume()
    #expect(clock.place(160, arrival: 4000) == .init(skip: 0, position: 3840))
  }

  @Test("A10: follows a sender that sets its clock, forward or back, and never runs ahead")
  mutating func setClock() {
    _ = clock.place(160, stated: 0, arrival: 160)
    // Year 9999, and on from there.
    #expect(clock.place(160, stated: .max / 2, arrival: 320).position == 160)
    #expect(clock.place(160, stated: .max / 2 + 160, arrival: 480).position == 320)
    #expect(clock.place(160, stated: .min / 2, arrival: 640).position == 480)
    #expect(clock.place(160, stated: .min / 2 + 8160, arrival: 8800).position == 8640)
    // Set back by four seconds: what comes is new after three seconds of what was there already.
    var clock = SourceClock(rate: Self.rate)
    for index in 0..<500 { _ = clock.place(160, stated: index * 160, arrival: index * 160 + 160) }
    var left = 0
    for index in 500..<1000 {
      let placement = clock.place(160, stated: index * 160 - 32_000, arrival: index * 160 + 160)
      if placement.skip == 160 { left += 1 }
      #expect(placement.position <= index * 160 + 160 + 10 * Self.rate)
    }
    #expect(left <= 152)
  }

  @Test("places what is known to be missing as a gap")
  mutating func missing() {
    _ = clock.place(160, arrival: 160)
    #expect(clock.place(160, missing: 480, arrival: 800).position == 640)
    #expect(clock.place(160, missing: .max, arrival: 900).position == 800)
  }

  @Test("Positions never fall, whatever is stated")
  mutating func monotonic() {
    var state: UInt64 = 9
    func random() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(truncatingIfNeeded: state >> 16)
    }
    var end = 0
    for index in 1...20_000 {
      let stated: Int? = random() % 3 == 0 ? nil : random() % 2 == 0 ? random() % 100_000 : random() &* random()
      let arrival = index * 100
      let count = abs(random() % 2000)
      let placement = clock.place(count, missing: abs(random() % 3) * 160, stated: stated, arrival: arrival)
      guard placement.skip < count else { continue }
      #expect(placement.position >= end)
      #expect(placement.position <= max(end + 320, arrival + 10 * Self.rate))
      end = placement.position + count - placement.skip
    }
  }

  @Test("A session's clock takes one sender's time for all sources, in any size of numbers")
  func session() {
    var clock = SessionClock(rate: 16_000, now: .seconds(100))
    #expect(clock.position(.seconds(101)) == 16_000)
    #expect(clock.position(.seconds(99)) == 0)
    #expect(clock.position(stated: 5_000_000, count: 320, arrival: 16_000) == 15_680)
    #expect(clock.position(stated: 5_500_000, count: 320, arrival: 99) == 23_680)
    #expect(clock.position(stated: .max, count: 320, arrival: 99) > 1 << 60)
    #expect(clock.position(stated: .min, count: 320, arrival: 99) < -1 << 60)
  }
}
