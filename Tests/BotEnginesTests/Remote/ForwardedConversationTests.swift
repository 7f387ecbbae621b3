import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import BotEngines

@Suite("A ForwardedConversation is to the other server what the platform is to this one")
struct ForwardedConversationTests {
  private let connection = FakeConnection()
  private let lost = RPCStatus(.unavailable, "failed to connect to all addresses")

  private func begin(_ change: (inout ForwardingSettings) -> Void = { _ in }) {
    var endpoint = BotEndpoint(url: "http://127.0.0.1:1", host: "127.0.0.1", port: 1, isSecure: false)
    endpoint.connectTimeout = .seconds(1)
    var settings = ForwardingSettings(endpoint: endpoint)
    settings.agent = "theirs"
    change(&settings)
    connection.begin { [connection, settings] call in
      await ForwardedConversation(call: call, settings: settings, channel: connection, metadata: [("a", "b")]).hold()
    }
  }

  /// What the other server was told on an RPC, without its audio.
  private func requests(_ index: Int) throws -> [VoiceRequest.Input] {
    let decoder = VoiceRequestDecoder()
    return try connection.rpcs[index].sent.compactMap { message in
      let request = try message.withUnsafeBytes { VoiceRequest(try decoder.decode($0)) }
      #expect(request.agentID == "theirs" && request.conversationID == "c" && request.organizationID == "o")
      if case .audio = request.input { return nil }
      return request.input
    }
  }

  private func say(_ response: VoiceResponse, on index: Int) { connection.rpcs[index].say(response.encoded()) }
  private func text(_ text: String) -> VoiceResponse {
    VoiceResponse(prompts: [.init(text: text, isBargeInEnabled: true)])
  }

  /// A call whose greeting was heard.
  private func greeted() {
    begin()
    connection.tell(.started)
    say(text("Hello."), on: 0)
    connection.rpcs[0].end()
  }

  @Test("each input is an RPC of its own, half-closed at once, and its answer is the bot's")
  func inputs() throws {
    begin()
    connection.tell(.started)
    #expect(connection.rpcs[0].path == ForwardingEngine.path && connection.rpcs[0].metadata.values(for: "a") == ["b"])
    #expect(try requests(0) == [.event(.init(.sessionStart))] && connection.rpcs[0].isHalfClosed)
    say(text("Hello."), on: 0)
    connection.rpcs[0].end()
    #expect(connection.commands == ["text", "sensitive", "endTurn"] || connection.commands == ["text", "endTurn"])
    connection.tell(.digits("1*"), turn: 2)
    connection.tell(.noInput, turn: 3)
    connection.tell(.custom(name: "n", parameters: [:]), turn: 4)
    #expect(try requests(1) == [.dtmf([.one, .star])])
    #expect(try requests(2) == [.event(.init(.noInput))] && requests(3) == [.event(.init(.custom, name: "n"))])
    #expect(connection.rpcs.allSatisfy(\.isHalfClosed) && connection.end == nil)
    say(text("Three."), on: 2)
    #expect(connection.turns.last == 3, "an answer belongs to the turn that it was asked for in")
  }

  @Test("the caller's voice goes out on a line; what came before our own end of the turn is said after it")
  func line() throws {
    greeted()
    let before = connection.commands.count
    connection.tell(.speechStarted(offset: 0), turn: 2)
    for _ in 0..<3 { connection.tell(.hush, turn: 2) }
    let line = connection.rpcs[1]
    #expect(line.sent.count == 3 && !line.isHalfClosed)
    say(text("Yes?"), on: 1)
    #expect(connection.commands.count == before, "it is held while the caller speaks")
    connection.tell(.speechEnded(offset: 0), turn: 3)
    #expect(line.isHalfClosed && line.sent.count == 23, "two seconds of silence follow")
    #expect(connection.commands.count > before && connection.turns.last == 3)
  }

  @Test("where the other server says that the caller has finished, the gateway is told")
  func endOfInput() {
    greeted()
    connection.tell(.speechStarted(offset: 0), turn: 2)
    connection.tell(.hush, turn: 2)
    say(VoiceResponse(.partial, events: [.init(.startOfInput)]), on: 1)
    #expect(!connection.rpcs[1].isHalfClosed)
    say(VoiceResponse(.partial, events: [.init(.endOfInput)]), on: 1)
    #expect(connection.rpcs[1].isHalfClosed && connection.commands.last == "endInput")
  }

  @Test("a greeting that cannot be asked for is asked for again, until the time to connect has passed")
  func retried() {
    begin()
    connection.tell(.started)
    connection.rpcs[0].end(lost)
    connection.advance(by: .milliseconds(99))
    #expect(connection.rpcs.count == 1)
    for (count, pause) in [(2, 1), (3, 200), (4, 400)] {
      connection.advance(by: .milliseconds(pause))
      #expect(connection.rpcs.count == count)
      connection.rpcs[count - 1].end(lost)
    }
    #expect(connection.end?.failure?.kind == .unreachable && connection.end?.hasHeard == false)
    connection.advance(by: .seconds(5))
    #expect(connection.rpcs.count == 4)
  }

  @Test("an answer with nothing in it, and one that cannot be read, are failures")
  func garbage() {
    for message in [VoiceResponse().encoded(), [0xFF]] {
      let other = ForwardedConversationTests()
      other.begin()
      other.connection.tell(.started)
      other.connection.rpcs[0].say(message)
      #expect(other.connection.end?.failure?.kind == .garbage, "\(message)")
    }
  }

  @Test("an RPC that ends without an answer is an empty turn where all is well, else a failure")
  func unanswered() {
    greeted()
    connection.tell(.digits("1"), turn: 2)
    connection.rpcs[1].end()
    #expect(connection.commands.last == "endTurn" && connection.turns.last == 2)
    connection.tell(.digits("2"), turn: 3)
    connection.rpcs[2].end(RPCStatus(.internal, "their secret"))
    #expect(connection.end?.failure?.message == "it ended the conversation with INTERNAL")
  }

  @Test("a hang-up ends what is open, and is told in an RPC of its own; the call is over with that")
  func hangup() throws {
    greeted()
    connection.tell(.speechStarted(offset: 0), turn: 2)
    connection.tell(.ended(.hangup), turn: 2)
    #expect(connection.rpcs[1].isCancelled)
    #expect(try requests(2) == [.event(.init(.sessionEnd))] && connection.rpcs[2].isHalfClosed)
    connection.advance(by: .zero)
    #expect(connection.end == nil)
    connection.rpcs[2].end()
    #expect(connection.end?.failure == nil && connection.end?.hasHeard == true)
  }

  @Test("an answer that ends the call leaves nothing to tell")
  func leave() {
    greeted()
    connection.tell(.digits("0"), turn: 2)
    say(VoiceResponse(events: [.init(.transferToAgent)]), on: 1)
    #expect(connection.commands.contains("transfer"))
    connection.rpcs[1].end()
    #expect(connection.end?.failure == nil && connection.end != nil)
  }

  @Test("an interruption breaks off the answer that is under way, and not the caller's line")
  func interrupted() {
    greeted()
    connection.tell(.digits("1"), turn: 2)
    connection.tell(.speechStarted(offset: 0), turn: 3)
    connection.tell(.interrupted(playedMilliseconds: 10), turn: 3)
    #expect(connection.rpcs[1].isCancelled && !connection.rpcs[2].isCancelled)
    connection.advance(by: .zero)
    #expect(connection.end == nil, "an RPC that we broke off is no failure")
  }

  @Test("a ForwardedInteraction is read no further while there is no room")
  func full() {
    begin()
    connection.tell(.started)
    connection.set(isFull: true)
    say(text("Hello."), on: 0)
    #expect(!connection.rpcs[0].isReading)
    connection.set(isFull: false)
    #expect(connection.rpcs[0].isReading)
  }

  @Test("a task that is cancelled breaks everything off")
  func cancelled() {
    begin()
    connection.tell(.started)
    connection.cancel()
    #expect(connection.rpcs[0].isCancelled && connection.end?.failure == nil && connection.end != nil)
  }

  @Test("a ForwardingEngine hands a caller's token on over TLS or to this machine, and nowhere else")
  func token() {
    var settings = ForwardingSettings(
      endpoint: BotEndpoint(url: "http://192.0.2.1:1", host: "192.0.2.1", port: 1, isSecure: false))
    settings.forwardsToken = true
    #expect(throws: EngineError.self) { try ForwardingEngine(settings, log: FakeConnection.log) }
    settings.endpoint.host = "127.0.0.1"
    let engine = try? ForwardingEngine(settings, log: FakeConnection.log)
    #expect(engine?.audioDelivery == .everything && engine?.readsCallerToken == true && engine?.resumes == true)
  }
}
