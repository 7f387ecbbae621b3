import BotEngine
import Foundation
import Logging
import Secrets
import Testing

@testable import BotEngines

@Suite("A MediaStreamsEngine is made of its settings, or says what is wrong with them")
struct MediaStreamsEngineTests {
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func settings(_ url: String = "ws://127.0.0.1:1/stream") -> MediaStreamsSettings {
    MediaStreamsSettings(endpoint: BotEndpoint(url: url, host: "127.0.0.1", port: 1))
  }

  @Test("its bot hears everything, and is told that a turn may be over where it asks for that")
  func delivery() throws {
    let engine = try MediaStreamsEngine(settings(), log: log)
    #expect(engine.audioDelivery == .everything && engine.eagerEnds == .onRequest)
  }

  @Test("a token that is not there or that no header can carry, and a URL of another scheme are told")
  func mistakes() throws {
    let folder = try ScriptFolder()
    func refusal(_ settings: MediaStreamsSettings) -> String? {
      let error = #expect(throws: EngineError.self) { try MediaStreamsEngine(settings, log: log) }
      return error?.code == .unusable ? error?.message : nil
    }
    var settings = self.settings()
    settings.token = .file("\(folder.path)/none")
    #expect(refusal(settings)?.contains("\(folder.path)/none") == true)
    let path = try folder.write("token", Array("two\nlines".utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    settings.token = .file(path)
    #expect(refusal(settings)?.contains("line breaks") == true)
    #expect(refusal(self.settings("https://a/stream"))?.contains("wss://bot.example.com/call") == true)
  }

  @Test("an agent's call that cannot be begun is a failure of the bot, not of the engine")
  func unreachable() async throws {
    // TCP port 1 of this machine: nobody listens there.
    let engine = try MediaStreamsEngine(settings(), log: log)
    let call = BotCall(
      info: CallInfo(organization: "o", conversation: "c", agent: "a"), events: CallerEvents(), room: OutputRoom()
    ) { _, _ in }
    let failure = await #expect(throws: BotFailure.self) { try await engine.converse(call) }
    #expect(failure?.kind == .unreachable)
  }
}
