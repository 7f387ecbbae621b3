import Testing

@testable import BotEngines

@Suite("A bot that runs ahead of the caller's ear")
struct FloodWatchTests {
  @Test("may have a long answer ready at once")
  func longAnswer() {
    var watch = FloodWatch(isHeardAtOnce: true)
    let answers = (0..<40).map { _ in watch.spoke(.seconds(1), now: .zero) }
    #expect(!answers.contains(true))
  }

  @Test("may go on for as long as it likes at the pace of speech synthesis")
  func fastSpeaker() {
    var watch = FloodWatch(isHeardAtOnce: true)
    // Ten times as fast as it is spoken, for ten minutes.
    let answers = (0..<600).map { watch.spoke(.seconds(10), now: .seconds($0)) }
    #expect(!answers.contains(true))
  }

  @Test("floods where it fills the room at once and still does after eight seconds")
  func flood() {
    var watch = FloodWatch(isHeardAtOnce: true)
    let answers = (0..<200).map { watch.spoke(.seconds(1), now: .milliseconds(100 * $0 / 2)) }
    #expect(!answers.contains(true), "a turn of 200 seconds within ten is fast, and no flood")
    var other = FloodWatch(isHeardAtOnce: true)
    for _ in 0..<40 { _ = other.spoke(.seconds(1), now: .zero) }
    let early = other.spoke(.seconds(8), now: .seconds(8))
    let late = other.spoke(.seconds(1), now: .milliseconds(8_100))
    #expect(!early && late)
  }

  @Test("is told from a fast speaker while it is held up")
  func heldUp() {
    var flood = FloodWatch(isHeardAtOnce: true)
    for tenth in 0..<30 { _ = flood.spoke(.seconds(1), now: .milliseconds(10 * tenth)) }
    var speaker = FloodWatch(isHeardAtOnce: true)
    for tenth in 0..<30 { _ = speaker.spoke(.seconds(1), now: .milliseconds(100 * tenth)) }
    var prompt = FloodWatch(isHeardAtOnce: true)
    _ = prompt.spoke(.seconds(15), now: .zero)
    #expect(flood.isInhuman && !speaker.isInhuman && !prompt.isInhuman)
  }

  @Test("is forgiven with the next turn")
  func reset() {
    var watch = FloodWatch(isHeardAtOnce: true)
    for _ in 0..<40 { _ = watch.spoke(.seconds(1), now: .zero) }
    watch.reset()
    let floods = watch.spoke(.seconds(30), now: .seconds(20))
    #expect(!floods)
  }

  @Test("floods where it never listens after an interruption, or speaks for minutes before it is heard at all")
  func neverListens() {
    var watch = FloodWatch(isHeardAtOnce: true)
    let wasted = [watch.wasted(.seconds(119)), watch.wasted(.seconds(2))]
    #expect(wasted == [false, true])
    var late = FloodWatch(isHeardAtOnce: false)
    let spoken = [late.spoke(.seconds(239), now: .zero), late.spoke(.seconds(2), now: .zero)]
    #expect(spoken == [false, true])
  }
}
