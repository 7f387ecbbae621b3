import Testing

@testable import BotEngines

@Suite("NonsenseWatch lets a framework's own messages pass, and stops a bot that sends nothing else")
struct NonsenseWatchTests {
  @Test("a thousand short messages a second are too much after a while, two hundred never")
  func rate() {
    func lasts(_ perSecond: Int) -> Int {
      var watch = NonsenseWatch()
      for index in 0..<(perSecond * 60)
      where watch.isTooMuch(bytes: 20, now: .microseconds(index * 1_000_000 / perSecond)) { return index }
      return .max
    }
    #expect(lasts(200) == .max)
    #expect((4096...6000).contains(lasts(1000)))
  }

  @Test("a megabyte at once may come, no more, and again when the time of it has passed")
  func burst() {
    var watch = NonsenseWatch()
    func isTooMuch(bytes: Int, now: Duration) -> Bool { watch.isTooMuch(bytes: bytes, now: now) }
    #expect(!isTooMuch(bytes: NonsenseWatch.most, now: .zero))
    #expect(isTooMuch(bytes: 1, now: .zero))
    #expect(!isTooMuch(bytes: NonsenseWatch.most - 1000, now: .seconds(17)))
  }

  @Test("a clock that goes back gives nothing back")
  func backwards() {
    var watch = NonsenseWatch()
    func isTooMuch(bytes: Int, now: Duration) -> Bool { watch.isTooMuch(bytes: bytes, now: now) }
    #expect(!isTooMuch(bytes: NonsenseWatch.most, now: .seconds(100)))
    #expect(isTooMuch(bytes: 1, now: .seconds(1)))
    #expect(isTooMuch(bytes: 1, now: .seconds(100)))
  }
}
