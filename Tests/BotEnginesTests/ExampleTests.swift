import BotEngine
import Testing

@testable import BotEngines

@Suite("The front desk, an example", .timeLimit(.minutes(1)))
struct ExampleTests {
  private let engine: ScriptedEngine

  init() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    engine = try ScriptedEngine(script: "\(root)/Scripts/examples/front-desk/front-desk.yaml")
  }

  @Test("tells its hours, takes an order number and hands it to the agent")
  func order() async throws {
    let caller = ScriptedCaller(engine)
    let welcome = await caller.does(.started)
    #expect(welcome.transcript.count == 2)
    #expect(welcome.settings?.mode == .voiceAndDigits)
    #expect(welcome.settings?.digitCount == 1)
    #expect(await caller.does(.digits("1")).transcript.count == 3)
    #expect(await caller.does(.digits("2")).settings?.digitCount == 6)
    let last = await caller.does(.digits("123456"))
    #expect(last.transfer?.metadata == ["desk": .string("front"), "order": .string("123456")])
    #expect(last.bargeIn == [false, false])
    try await caller.hangsUp()
  }

  @Test("S2: keeps a card number to itself")
  func card() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(.started)
    #expect(await caller.does(.digits("3")).sensitive == [true])
    let last = await caller.does(.digits("4111111111111111"))
    #expect(last.sensitive == [false])
    #expect(!"\(last.commands)".contains("4111"))
    #expect(last.transfer?.metadata == ["desk": .string("front")])
    try await caller.hangsUp()
  }

  @Test("hands a caller over who speaks, or who fails four times")
  func handover() async throws {
    let caller = ScriptedCaller(engine)
    _ = await caller.does(.started)
    #expect(await caller.does(.speechEnded(offset: 1)).transfer?.metadata == ["topic": .string("open")])
    try await caller.hangsUp()

    let lost = ScriptedCaller(engine)
    _ = await lost.does(.started)
    for event: CallerEvent in [.digits("5"), .noInput, .noInput] { #expect(await lost.does(event).endsTurn) }
    #expect(await lost.does(.digits("7")).transfer != nil)
    try await lost.hangsUp()
  }
}
