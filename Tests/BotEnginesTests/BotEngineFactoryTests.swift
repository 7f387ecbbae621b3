import BotEngine
import BotEngines
import Logging
import Testing
import YAMLReading

@Suite("Engines are made from a configuration")
struct BotEngineFactoryTests {
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("by their kinds")
  func kinds() throws {
    let folder = try ScriptFolder()
    let script = try folder.write("s.yaml", Array("states: {a: {speech: {end: true}}}".utf8))
    #expect(try BotEngineFactory.makeEngine(.demo, log: log) is DemoEngine)
    #expect(try BotEngineFactory.makeEngine(.scripted(script: script), log: log) is ScriptedEngine)
  }

  @Test("and what is wrong with a script is said")
  func mistakes() {
    #expect(throws: ConfigurationError.self) {
      try BotEngineFactory.makeEngine(.scripted(script: "/none.yaml"), log: log)
    }
  }
}
