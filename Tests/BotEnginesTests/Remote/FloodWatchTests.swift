import Testing

@testable import BotEngines

@Suite("A bot that runs ahead of the caller's ear")
struct FloodWatchTests {
  @Test("may have a long answer ready at once", arguments: [36, 60, 90, 590])
  func longAnswer(seconds: Int) {
    var watch = FloodWatch(isHeardAtOnce: true)
    let answers = (0..<seconds).map { _ in watch.spoke(.seconds(1), now: .zero) }
    #expect(!answers.contains(true) && !watch.isInhuman)
  }

  @Test("may go on for as long as it likes at the pace of speech synthesis")
  func fastSpeaker() {
    var watch = FloodWatch(isHeardAtOnce: true)
    // Ten times as fast as it is spoken, for ten minutes.
    let answers = (0..<600).map { watch.spoke(.seconds(10), now: .seconds($0)) }
    #expect(!answers.contains(true) && !watch.isInhuman)
  }

  @Test("floods where it has filled ten minutes faster than anybody makes speech")
  func flood() {
    var watch = FloodWatch(isHeardAtOnce: true)
    for tenth in 0..<620 { _ = watch.spoke(.seconds(1), now: .milliseconds(10 * tenth)) }
    #expect(watch.isInhuman, "it is given up where it has still more to say after a while")
    let answers = (0..<600).map { watch.spoke(.seconds(1), now: .milliseconds(6_200 + $0)) }
    #expect(answers.first == false && answers.last == true, "at once, where it would not even be held up")
  }

  @Test("is forgiven with the next turn")
  func reset() {
    var watch = FloodWatch(isHeardAtOnce: true)
    for _ in 0..<700 { _ = watch.spoke(.seconds(1), now: .zero) }
    watch.reset()
    let floods = watch.spoke(.seconds(30), now: .seconds(20))
    #expect(!floods && !watch.isInhuman)
  }

  @Test("floods where it never listens after an interruption, or speaks for minutes before it is heard at all")
  func neverListens() {
    var watch = FloodWatch(isHeardAtOnce: true)
    let wasted = [watch.wasted(.seconds(599)), watch.wasted(.seconds(2))]
    #expect(wasted == [false, true])
    var late = FloodWatch(isHeardAtOnce: false)
    let spoken = [late.spoke(.seconds(239), now: .zero), late.spoke(.seconds(2), now: .zero)]
    #expect(spoken == [false, true])
  }
}
