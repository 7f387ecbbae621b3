import BotEngine
import Logging
import Testing

@testable import BotEngines

@Suite("A RealtimeEngine is made of its settings, or says what is wrong with them")
struct RealtimeEngineTests {
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func settings(_ url: String = "ws://127.0.0.1:1/v1/realtime") -> RealtimeSettings {
    RealtimeSettings(endpoint: BotEndpoint(url: url, host: "127.0.0.1", port: 1))
  }

  @Test("the model goes into the URL's query, escaped, unless the URL names one")
  func model() {
    for (url, model, whole) in [
      ("wss://a/r", nil, "wss://a/r"), ("wss://a/r", "m-1.5_x~y", "wss://a/r?model=m-1.5_x~y"),
      ("wss://a/r?x=1", "m", "wss://a/r?x=1&model=m"), ("wss://a/r?model=n", "m", "wss://a/r?model=n"),
      ("wss://a/r?x=1&model=n", "m", "wss://a/r?x=1&model=n"),
      ("wss://a/r?supermodel=n", "m", "wss://a/r?supermodel=n&model=m"),
      ("wss://a/r", "a b&c=d#é\u{1}", "wss://a/r?model=a%20b%26c%3Dd%23%C3%A9%01"),
    ] {
      var settings = self.settings(url)
      settings.model = model
      #expect(RealtimeEngine.url(settings) == whole)
    }
  }

  @Test("a server that finds the turns itself hears everything, and has no turn that may be over")
  func detection() throws {
    let folder = try ScriptFolder()
    #expect(try RealtimeEngine(settings(), log: log).audioDelivery == .turns)
    #expect(try RealtimeEngine(settings(), log: log).eagerEnds == .onRequest)
    var own = settings()
    own.sessionFile = try folder.write(
      "session.json", Array(#"{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}"#.utf8))
    let engine = try RealtimeEngine(own, log: log)
    #expect(engine.audioDelivery == .everything && engine.eagerEnds == .never)
  }

  @Test("a session file that is not there, is no object or is too long, and a URL of another scheme are told")
  func mistakes() throws {
    let folder = try ScriptFolder()
    func refusal(_ change: (inout RealtimeSettings) -> Void) -> String? {
      var settings = self.settings()
      change(&settings)
      let error = #expect(throws: EngineError.self) { try RealtimeEngine(settings, log: log) }
      return error?.code == .unusable ? error?.message : nil
    }
    #expect(refusal { $0.sessionFile = "/none.json" }?.hasPrefix("/none.json ") == true)
    for text in ["[]", "{", "\"session\"", ""] {
      let path = try folder.write("bad.json", Array(text.utf8))
      #expect(refusal { $0.sessionFile = path }?.contains("not a JSON object") == true, "\(text)")
    }
    let long = try folder.write("long.json", [UInt8](repeating: UInt8(ascii: " "), count: (1 << 20) + 1))
    #expect(refusal { $0.sessionFile = long }?.hasPrefix(long) == true)
    #expect(refusal { $0.endpoint.url = "https://a/r" }?.contains("wss://bot.example.com/call") == true)
  }

  @Test("an agent's call that cannot be begun is a failure of the bot, not of the engine")
  func unreachable() async throws {
    // TCP port 1 of this machine: nobody listens there.
    let engine = try RealtimeEngine(settings(), log: log)
    let call = BotCall(
      info: CallInfo(organization: "o", conversation: "c", agent: "a"), events: CallerEvents(), room: OutputRoom()
    ) { _, _ in }
    let failure = await #expect(throws: BotFailure.self) { try await engine.converse(call) }
    #expect(failure?.kind == .unreachable)
  }
}
