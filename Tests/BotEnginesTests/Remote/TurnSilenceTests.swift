import BotEngines
import Testing

@Suite("The turn of a bot that never says it is over ends")
struct TurnSilenceTests {
  private func silence(heardAtOnce: Bool) -> TurnSilence {
    TurnSilence(silence: .milliseconds(700), isHeardAtOnce: heardAtOnce)
  }

  @Test("not before it has said anything")
  func silent() {
    var turn = silence(heardAtOnce: true)
    #expect(turn.deadline == nil)
    let isOver = turn.isOver(now: .seconds(100))
    #expect(!isOver)
  }

  @Test("after its words have been spoken and the silence has passed, however fast they came")
  func heardAtOnce() {
    var turn = silence(heardAtOnce: true)
    turn.spoke(.seconds(2), now: .seconds(10))
    turn.spoke(.seconds(1), now: .milliseconds(10_100))
    #expect(turn.deadline == .milliseconds(13_700))
    let answers = [13_699, 13_700, 13_700].map { turn.isOver(now: .milliseconds($0)) }
    #expect(answers == [false, true, false], "once a turn")
  }

  @Test("a silence after the last of its words came, where nothing is heard before")
  func heardAtTheEnd() {
    var turn = silence(heardAtOnce: false)
    turn.spoke(.seconds(20), now: .seconds(1))
    #expect(turn.deadline == .milliseconds(1_700))
  }

  @Test("later, where it goes on within the silence")
  func goesOn() {
    var turn = silence(heardAtOnce: true)
    turn.spoke(.milliseconds(20), now: .zero)
    turn.spoke(.milliseconds(20), now: .milliseconds(600))
    #expect(turn.deadline == .milliseconds(1_320))
  }

  @Test("not while it is made to wait")
  func heldUp() {
    var turn = silence(heardAtOnce: false)
    turn.heldUp(now: .seconds(1))
    #expect(turn.deadline == nil, "it has said nothing")
    turn.spoke(.seconds(30), now: .seconds(1))
    turn.heldUp(now: .seconds(9))
    #expect(turn.deadline == .milliseconds(9_700))
  }

  @Test("later, where its words were held back", arguments: [true, false])
  func heldBack(isHeardAtOnce: Bool) {
    var turn = silence(heardAtOnce: isHeardAtOnce)
    turn.heldBack(until: .seconds(1))
    #expect(turn.deadline == nil, "it has said nothing")
    turn.spoke(.seconds(2), now: .seconds(1))
    turn.heldBack(until: .milliseconds(1_400))
    #expect(turn.deadline == .milliseconds(isHeardAtOnce ? 4_100 : 1_700))
  }

  @Test("at once, where the caller interrupts it")
  func interrupted() {
    var turn = silence(heardAtOnce: true)
    turn.spoke(.seconds(5), now: .zero)
    turn.reset()
    #expect(turn.deadline == nil)
    turn.spoke(.milliseconds(100), now: .seconds(1))
    #expect(turn.deadline == .milliseconds(1_800))
  }
}
