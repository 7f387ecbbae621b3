import Testing

@testable import CallGateway

@Suite("Hang-ups that come early")
struct EarlyEndsTests {
  private let key = ConversationKey(organization: "o", conversation: "c")

  @Test("end the conversation that they came before, once, and not for long")
  func early() {
    var ends = EarlyEnds()
    let before = ends.forget(key, now: .zero)
    #expect(!before)
    ends.hungUp(key, now: .zero)
    let first = ends.forget(key, now: .seconds(2))
    let second = ends.forget(key, now: .seconds(2))
    #expect(first && !second)
    ends.hungUp(key, now: .seconds(3))
    let late = ends.forget(key, now: .seconds(13))
    #expect(!late)
  }

  @Test("are not taken for such where the conversation was here: its id may be used again")
  func common() {
    var ends = EarlyEnds()
    ends.ended(key)
    ends.hungUp(key, now: .zero)
    let isEarly = ends.forget(key, now: .seconds(1))
    #expect(!isEarly)
  }

  @Test("are bounded in number")
  func bounded() {
    var ends = EarlyEnds()
    func key(_ n: Int) -> ConversationKey { ConversationKey(organization: "o", conversation: "c-\(n)") }
    for n in 0...EarlyEnds.capacity { ends.hungUp(key(n), now: .zero) }
    let oldest = ends.forget(key(0), now: .zero)
    let newest = ends.forget(key(EarlyEnds.capacity), now: .zero)
    #expect(!oldest && newest)
    for n in 0...EarlyEnds.memory { ends.ended(key(n)) }
    ends.hungUp(key(0), now: .zero)
    ends.hungUp(key(EarlyEnds.memory), now: .zero)
    let forgotten = ends.forget(key(0), now: .zero)
    let remembered = ends.forget(key(EarlyEnds.memory), now: .zero)
    #expect(forgotten && !remembered)
  }
}
