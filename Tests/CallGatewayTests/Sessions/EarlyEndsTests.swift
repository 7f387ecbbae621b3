import Testing

@testable import CallGateway

@Suite("Hang-ups that come early")
struct EarlyEndsTests {
  private let key = ConversationKey(organization: "o", conversation: "c")

  @Test("end the conversation that they came before, once, and not for long")
  func early() {
    var ends = EarlyEnds()
    let before = ends.take(key, now: .zero)
    #expect(!before)
    ends.hungUp(key, now: .zero)
    let first = ends.take(key, now: .seconds(2))
    let second = ends.take(key, now: .seconds(2))
    #expect(first && !second)
    ends.hungUp(key, now: .seconds(3))
    let late = ends.take(key, now: .seconds(13))
    #expect(!late)
  }

  @Test("are not taken for such where the conversation was here: its id may be used again")
  func common() {
    var ends = EarlyEnds()
    ends.ended(key)
    ends.hungUp(key, now: .zero)
    let isEarly = ends.take(key, now: .seconds(1))
    #expect(!isEarly)
  }

  @Test("are bounded in number")
  func bounded() {
    var ends = EarlyEnds()
    func key(_ n: Int) -> ConversationKey { ConversationKey(organization: "o", conversation: "c-\(n)") }
    for n in 0...EarlyEnds.capacity { ends.hungUp(key(n), now: .zero) }
    let oldest = ends.take(key(0), now: .zero)
    let newest = ends.take(key(EarlyEnds.capacity), now: .zero)
    #expect(!oldest && newest)
    for n in 0...EarlyEnds.memory { ends.ended(key(n)) }
    ends.hungUp(key(0), now: .zero)
    ends.hungUp(key(EarlyEnds.memory), now: .zero)
    let forgotten = ends.take(key(0), now: .zero)
    let remembered = ends.take(key(EarlyEnds.memory), now: .zero)
    #expect(forgotten && !remembered)
  }
}
