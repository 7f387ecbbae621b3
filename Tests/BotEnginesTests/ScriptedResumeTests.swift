import BotEngine
import Testing

@testable import BotEngines

@Suite("A scripted dialogue that goes on at another server", .timeLimit(.minutes(1)))
struct ScriptedResumeTests {
  private static let script = """
    states:
      menu:
        say: {text: menu}
        digits: {"1": order, "2": card}
        no_input: [{say: {text: once}, stay: true}, {say: {text: twice}, stay: true}]
      order:
        say: {text: your order}
        digits: {"????": person, "*": menu, "?????????????": person}
        digits_as: order
        attempts: {maximum: 3, then: {say: {text: enough}, end: true}}
      card: {say: {text: your card}, digits: {"????": person}, sensitive: true}
      person: {say: {text: what about}, speech: {say: {text: wait}, transfer: {summary: Spoke.}}}
      on: {then: menu}
    start: menu
    """

  private let folder: ScriptFolder
  private let engine: ScriptedEngine

  init() throws {
    folder = try ScriptFolder()
    engine = try folder.engine(Self.script.replacing("  on: {then: menu}\n", with: ""))
  }

  /// Another run, with what the one before has kept.
  private func next(_ kept: String?, of engine: ScriptedEngine? = nil) -> ScriptedCaller {
    var info = CallInfo(organization: "o", conversation: "c", agent: "a", isResumed: true)
    info.kept = kept
    return ScriptedCaller(engine ?? self.engine, info: info)
  }

  @Test("answers the next turn as the state says, and greets nobody again")
  func state() async throws {
    let first = next(nil)
    _ = await first.does(.started)
    let kept = await first.does(.digits("1")).kept
    try await first.hangsUp()
    let second = next(kept)
    let answer = await second.does(.digits("1234"))
    #expect(answer.texts == ["what about"])
    #expect(await second.does(.speechEnded(offset: 1)).transfer?.metadata == ["order": .string("1234")])
    try await second.hangsUp()
  }

  @Test("an entry with a name goes on to a transfer elsewhere, but for one that could be a card's number")
  func entries() async throws {
    for (keys, goesOn) in [("1234", true), ("4929123412341", false)] {
      let first = next(nil)
      _ = await first.does(.started)
      _ = await first.does(.digits("1"))
      let kept = try #require(await first.does(.digits(keys)).kept)
      try await first.hangsUp()
      #expect(kept.contains(keys) == goesOn)
      let second = next(kept)
      let transfer = await second.does(.speechEnded(offset: 1)).transfer
      #expect(transfer?.metadata == (goesOn ? ["order": .string(keys)] : [:]))
      try await second.hangsUp()
    }
  }

  @Test("goes on counting attempts and silences")
  func counts() async throws {
    let first = next(nil)
    _ = await first.does(.started)
    _ = await first.does(.digits("1"))
    _ = await first.does(.digits("9"))
    let failed = await first.does(.noInput).kept
    let second = next(failed)
    let last = await second.does(.digits("9"))
    #expect(last.texts == ["enough"] && last.ends)
    try await first.hangsUp()
    try await second.hangsUp()
    let third = next(nil)
    _ = await third.does(.started)
    let once = await third.does(.noInput)
    #expect(once.texts == ["once"])
    let fourth = next(once.kept)
    #expect(await fourth.does(.noInput).texts == ["twice"])
    try await third.hangsUp()
    try await fourth.hangsUp()
  }

  @Test("nothing that was keyed in a sensitive state is kept")
  func sensitive() async throws {
    let caller = next(nil)
    _ = await caller.does(.started)
    _ = await caller.does(.digits("2"))
    let answer = await caller.does(.digits("8642"))
    #expect(answer.texts == ["what about"] && answer.kept?.contains("8642") == false)
    try await caller.hangsUp()
  }

  @Test("a greeting that was lost is said again")
  func greeting() async throws {
    let first = next(nil)
    let kept = await first.does(.started).kept
    let second = next(kept)
    #expect(await second.does(.started).texts == ["menu"])
    try await first.hangsUp()
    try await second.hangsUp()
  }

  @Test(
    "begins anew where it can make nothing of what was kept",
    arguments: [
      nil, "", "{", "[]", #"{"state":7}"#, #"{"state":"gone"}"#, #"{"state":"on"}"#, #"{"stat":"order"}"#,
    ])
  func foreign(kept: String?) async throws {
    let engine = try folder.engine(Self.script.replacing("\"2\": card", with: "\"2\": card, \"3\": on"))
    let caller = next(kept, of: engine)
    #expect(await caller.does(.digits("1")).texts == ["your order"])
    try await caller.hangsUp()
  }

  @Test("takes no count and no entry that no run would have kept")
  func hostile() async throws {
    let caller = next(
      #"{"state":"person","silences":-5,"all_silences":1e300,"failures":"x","entries":{"a b":"1","c":"12345678901234"}}"#
    )
    #expect(await caller.does(.noInput).texts == ["what about"])
    #expect(await caller.does(.speechEnded(offset: 1)).transfer?.metadata == [:])
    try await caller.hangsUp()
  }

  @Test("what is kept is never longer than may be")
  func length() async throws {
    let names = (0..<40).map { "name-\(String(repeating: "x", count: 50))-\($0)" }
    let states = names.indices.map { place in
      "  \(names[place]): {say: {text: x}, digits: {\"????????????\": \(names[(place + 1) % 40])}, "
        + "digits_as: \(names[place])}"
    }
    let caller = next(nil, of: try folder.engine("states:\n" + states.joined(separator: "\n")))
    _ = await caller.does(.started)
    for _ in names {
      let kept = try #require(await caller.does(.digits("123456789012")).kept)
      #expect(kept.utf8.count <= BotCommand.maximumKept)
    }
    try await caller.hangsUp()
  }
}
