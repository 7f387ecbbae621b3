import Testing

@testable import BotEngines

@Suite("RealtimeGuesses knows what a wrong guess has left with the server, and deletes each item once")
struct RealtimeGuessesTests {
  /// A turn with so many bytes, a sample each.
  private func speaking(_ count: Int = 160) -> RealtimeGuesses {
    var guesses = RealtimeGuesses(isKept: true)
    guesses.begin()
    guesses.append([UInt8](repeating: 0x55, count: count), samples: count)
    return guesses
  }

  /// A guess whose commit is the item `u1`.
  private func open() -> RealtimeGuesses {
    var guesses = speaking()
    guesses.open()
    guesses.committed()
    #expect(guesses.named(item: "u1").isEmpty)
    return guesses
  }

  @Test("only a turn of which all audio is kept can be guessed at: not before it, not where none is kept, not twice")
  func mayOpen() {
    var guesses = RealtimeGuesses(isKept: true)
    guesses.append([1], samples: 1)
    #expect(!guesses.mayOpen && guesses.pieces.isEmpty, "the caller has not begun to speak")
    guesses.begin()
    #expect(!guesses.mayOpen)
    guesses.append([1], samples: 1)
    #expect(guesses.mayOpen && guesses.samples == 1)
    guesses.open()
    #expect(!guesses.mayOpen && guesses.isOpen)
    var unkept = RealtimeGuesses(isKept: false)
    unkept.begin()
    unkept.append([1], samples: 1)
    #expect(!unkept.mayOpen && unkept.pieces.isEmpty)
  }

  @Test("a turn over the bound is kept no longer, nor is what follows of it; the next turn is")
  func bound() {
    var guesses = speaking(RealtimeGuesses.maximumAudio)
    #expect(guesses.mayOpen)
    #expect(guesses.pieces.map(\.count) == [48_000, 48_000, 48_000, 48_000, 48_000])
    guesses.append([1], samples: 1)
    #expect(!guesses.mayOpen && guesses.pieces.isEmpty && guesses.samples == 0)
    guesses.append([1], samples: 1)
    #expect(!guesses.mayOpen)
    guesses.begin()
    guesses.append([1, 2], samples: 1)
    #expect(guesses.mayOpen && guesses.pieces == [[1, 2]])
  }

  @Test("a guess that was right leaves what it made, and hands over the calls that were held, once")
  func right() {
    var guesses = open()
    _ = guesses.added(["a1"], to: "r1", isWanted: true, isDone: true)
    guesses.hold([.init(id: "c1", name: "end_call", arguments: [:])])
    #expect(guesses.close().map(\.name) == ["end_call"] && guesses.close().isEmpty)
    #expect(!guesses.isOpen && guesses.samples == 0)
    guesses.begin()
    guesses.append([1], samples: 1)
    guesses.open()
    #expect(guesses.drop(response: nil, isUnnamed: false).isEmpty, "a new guess begins with nothing")
  }

  @Test("a guess that was wrong deletes its input at once, and its output when the response is done")
  func wrong() {
    var guesses = open()
    #expect(guesses.added(["a1"], to: "r1", isWanted: true, isDone: false).isEmpty)
    #expect(guesses.added(["a1", "a2"], to: "r1", isWanted: true, isDone: false).isEmpty)
    #expect(guesses.drop(response: "r1", isUnnamed: false) == ["u1"])
    #expect(guesses.isVain("r1") && guesses.isDeleted("u1") && !guesses.isDeleted("a1"))
    #expect(guesses.added(["a3"], to: "r2", isWanted: false, isDone: true).isEmpty, "another response's")
    #expect(guesses.added(["a2", "a4"], to: "r1", isWanted: false, isDone: true) == ["a1", "a2", "a4"])
    #expect(guesses.takeDoomed().isEmpty && guesses.isDeleted("a4") && !guesses.isDeleted("a3"))
  }

  @Test("ids that the server says later are deleted as they come: of the commit, of the response, of neither twice")
  func late() {
    var guesses = speaking()
    guesses.open()
    guesses.committed()
    #expect(guesses.drop(response: nil, isUnnamed: true).isEmpty)
    #expect(guesses.named(item: "u1") == ["u1"] && guesses.named(item: "u1").isEmpty)
    guesses.named(cancelled: "r1")
    #expect(guesses.isVain("r1"))
    #expect(guesses.added(["u1", "a1", ""], to: "r1", isWanted: false, isDone: true) == ["a1"])
    guesses.named(cancelled: "r2")
    #expect(!guesses.isVain("r2"), "one response alone was unnamed")
  }

  @Test("a response that was never named is not waited for once another is asked for")
  func unnamed() {
    var guesses = open()
    _ = guesses.drop(response: nil, isUnnamed: true)
    guesses.asked()
    guesses.named(cancelled: "r2")
    #expect(!guesses.isVain("r2"))
    _ = guesses.drop(response: "", isUnnamed: false)
    #expect(!guesses.isVain(""), "an empty id names nothing")
  }

  @Test("commits are named in their order; one that the server refused is passed over")
  func order() {
    var guesses = speaking()
    guesses.committed()
    guesses.open()
    guesses.committed()
    guesses.committed()
    guesses.commitRefused()
    _ = guesses.drop(response: nil, isUnnamed: false)
    #expect(guesses.named(item: "u2") == ["u2"] && guesses.named(item: "u3") == ["u3"])
    guesses.commitRefused()
    #expect(guesses.named(item: "u4").isEmpty, "nobody committed it")
  }

  @Test("a server that invents ids without end is remembered within bounds")
  func flood() {
    var guesses = open()
    for index in 0..<1_000 { _ = guesses.added(["a\(index)"], to: "r", isWanted: true, isDone: false) }
    #expect(guesses.drop(response: nil, isUnnamed: false).count == 1 + 64)
    for index in 0..<1_000 { _ = guesses.drop(response: "r\(index)", isUnnamed: false) }
    #expect(!guesses.isVain("r0") && guesses.isVain("r999"))
    for index in 0..<1_000 { _ = guesses.added(["b\(index)"], to: "r999", isWanted: false, isDone: false) }
    #expect(guesses.takeDoomed() == (936..<1_000).map { "b\($0)" })
    guesses.open()
    for _ in 0..<1_000 { guesses.committed() }
    _ = guesses.drop(response: nil, isUnnamed: false)
    var deleted = 0
    for index in 0..<1_000 { deleted += guesses.named(item: "c\(index)").count }
    #expect(deleted == 64)
  }
}
