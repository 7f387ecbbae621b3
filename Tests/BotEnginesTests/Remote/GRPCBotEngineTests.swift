import BotEngine
import GRPCTransport
import Locking
import Testing
import Wire

@testable import BotEngines

@Suite("A GRPCBotEngine holds a call with the bot that its GRPCBotSettings name", .timeLimit(.minutes(1)))
struct GRPCBotEngineTests {
  private func settings(_ endpoint: BotEndpoint = BotEndpoint(host: "127.0.0.1", port: 1)) -> GRPCBotSettings {
    GRPCBotSettings(endpoint: endpoint)
  }

  @Test("it is what its settings say, and a bot is asked for eager answers only where the agent is")
  func properties() throws {
    let plain = try GRPCBotEngine(settings(), log: LoopbackBot.log)
    #expect(plain.audioDelivery == .turns && plain.eagerEnds == .onRequest && !plain.resumes)
    var other = settings()
    (other.hears, other.resumes) = (.none, true)
    let engine = try GRPCBotEngine(other, log: LoopbackBot.log)
    #expect(engine.audioDelivery == .none && engine.resumes)
    #expect(GRPCBotSettings.Encoding.allCases.map(\.rawValue) == ["linear16", "mulaw"])
  }

  @Test("a certificate that is not there is told when the engine is made")
  func certificate() {
    var settings = self.settings(BotEndpoint(host: "127.0.0.1", port: 1, isSecure: true))
    settings.endpoint.tls.ca = "/nowhere/roots.pem"
    let error = #expect(throws: EngineError.self) { try GRPCBotEngine(settings, log: LoopbackBot.log) }
    #expect(error?.code == .unusable && error?.message.hasPrefix("/nowhere/roots.pem ") == true)
  }

  @Test(
    "the bot is told whose call it is in headers and the first message, hears the events in its encoding, and its end")
  func call() async throws {
    try await LoopbackBot.run { bot in
      var settings = self.settings(bot.endpoint)
      settings.encoding = .mulaw
      var header = BotHeader()
      (header.name, header.value) = ("x-own", "1")
      settings.endpoint.headers = [header]
      let engine = try GRPCBotEngine(settings, log: LoopbackBot.log)
      let events = CallerEvents()
      for event in [
        CallerEvent.started,
        .audio(CallerAudio(samples: [Int16](repeating: 0, count: 160), sampleRate: 8000, offset: 0)),
        .digits("1"), .ended(.hangup),
      ] { events.deliver(event, turn: 1) }
      var info = CallInfo(organization: "o", conversation: "c", agent: "a", trackingID: "t-1")
      info.traceparent = "00-1-2-01"
      try await engine.converse(BotCall(info: info, events: events, room: OutputRoom()) { _, _ in })
      let stream = try #require(await bot.streams().first)
      for (name, value) in [
        ("patchbay-org", "o"), ("patchbay-agent", "a"), ("patchbay-conversation", "c"), ("trackingid", "t-1"),
        ("traceparent", "00-1-2-01"), ("x-own", "1"),
      ] { #expect(stream.headers.values(for: name) == [value], "\(name)") }
      #expect(try stream.kinds.first == PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO.rawValue)
      #expect(try stream.kinds.last == PATCHBAY__BOT__SERVER_MESSAGE__EVENT_ENDED.rawValue)
      let bytes = try stream.messages.compactMap { message in
        try LoopbackBot.read(message) {
          $0.event_case == PATCHBAY__BOT__SERVER_MESSAGE__EVENT_AUDIO ? $0.audio?.pointee.samples.len : nil
        }
      }
      #expect(bytes == [160])
    }
  }

  @Test("a bot that ends its call with an error has failed")
  func failure() async throws {
    try await LoopbackBot.run({ call, _, _ in call.finish(RPCStatus(.internal, "no")) }) { bot in
      let engine = try GRPCBotEngine(settings(bot.endpoint), log: LoopbackBot.log)
      let info = CallInfo(organization: "o", conversation: "c", agent: "a")
      let call = BotCall(info: info, events: CallerEvents(), room: OutputRoom()) { _, _ in }
      await #expect(throws: BotFailure.self) { try await engine.converse(call) }
    }
  }
}
