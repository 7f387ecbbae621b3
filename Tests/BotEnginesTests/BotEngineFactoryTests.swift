import BotEngine
import BotEngines
import Testing

@Suite("Engines are made from a configuration")
struct BotEngineFactoryTests {
  @Test("by the names of their kinds")
  func kinds() throws {
    let folder = try ScriptFolder()
    let script = try folder.write("s.yaml", Array("states: {a: {speech: {end: true}}}".utf8))
    #expect(try BotEngineFactory.makeEngine(kind: "demo") is DemoEngine)
    #expect(try BotEngineFactory.makeEngine(kind: "scripted", script: script) is ScriptedEngine)
  }

  @Test(
    "and what is wrong is said with what to write",
    arguments: [
      ("demon", nil, EngineError.Code.unknownKind, "write demo or scripted"),
      ("scripted", nil, .missingScript, "write script: FILE.yaml"),
      ("demo", "a.yaml", .unexpectedScript, "remove it"),
    ] as [(String, String?, EngineError.Code, String)])
  func mistakes(kind: String, script: String?, code: EngineError.Code, remedy: String) {
    #expect {
      try BotEngineFactory.makeEngine(kind: kind, script: script)
    } throws: { error in
      (error as? EngineError)?.code == code && "\(error)".contains(remedy)
    }
    #expect(throws: ScriptError.self) { try BotEngineFactory.makeEngine(kind: "scripted", script: "/none.yaml") }
  }
}
