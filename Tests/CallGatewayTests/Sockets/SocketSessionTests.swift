import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A call over a socket is a conversation like any other")
struct SocketSessionTests {
  private func live(_ test: TestGateway) throws -> FakeSocket {
    let socket = try #require(try test.socket())
    socket.event("SESSION_START")
    test.answer("hello")
    return socket
  }

  @Test("its bot hears the same as over the other wire, and is told of the hang-up")
  func call() throws {
    let test = try TestGateway()
    let socket = try live(test)
    #expect(test.bot.call?.info.trackingID == "t-1" && test.bot.call?.info.isHeardAtOnce == true)
    socket.audio(160)
    socket.event("START_OF_DTMF")
    socket.say(#"{"dtmf_input":{"dtmf_events":["DTMF_DIGIT_ONE","DTMF_DIGIT_STAR"]}}"#)
    #expect(test.bot.heard.last == "\(CallerEvent.digits("1*"))")
    test.answer("one")
    #expect(socket.told == ["hello", "one"])
    socket.event("SESSION_END")
    #expect(socket.closeCode == 1000 && test.gateway.liveConversations == 0)
    #expect(test.bot.heard.last == "\(CallerEvent.ended(.hangup))")
    #expect(test.gateway.openSockets == 1)
    socket.end(inOrder: true)
    #expect(test.gateway.openSockets == 0 && socket.takenBytes == socket.givenBytes)
  }

  @Test("only a token of its own schema opens it, and it opens no other method")
  func schemas() throws {
    let test = try TestGateway()
    #expect(try test.socket(schema: .voiceVirtualAgent) == nil)
    #expect(try test.socket(.agentList, schema: .voiceVirtualAgent) == nil)
    let rpc = try test.rpc(.voiceVirtualAgentSocket)
    rpc.begin { test.gateway.accept($0, .conversation) }
    #expect(rpc.status?.code == .unauthenticated)
  }

  @Test("a conversation has one socket: another is refused, and the first goes on")
  func second() throws {
    let test = try TestGateway()
    let socket = try live(test)
    let second = try #require(try test.socket())
    second.event("SESSION_START")
    #expect(second.told == ["bad_request 409"] && second.closeCode == 1002)
    let other = try #require(try test.socket())
    other.event("SESSION_START", conversation: "c-2")
    #expect(other.closeCode == nil && test.gateway.liveConversations == 2 && socket.closeCode == nil)
  }

  @Test("a call too many is refused")
  func full() throws {
    let test = try TestGateway(limits: .init(conversations: 1))
    _ = try live(test)
    let second = try #require(try test.socket())
    second.event("SESSION_START", conversation: "c-2")
    #expect(second.told == ["rate_limit 429"] && second.closeCode == 1013)
  }

  @Test("audio that is not heard is refused as media")
  func media() throws {
    let test = try TestGateway()
    let socket = try live(test)
    socket.audio(160, rate: 123)
    #expect(socket.told.last == "unsupported_media 415" && socket.closeCode == 1003)
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("audio messages that come too fast are not credited until they are due")
  func pace() throws {
    let test = try TestGateway()
    let socket = try live(test)
    for _ in 0..<300 { socket.audio(0) }
    #expect(socket.takenBytes < socket.givenBytes && socket.closeCode == nil)
    test.advance(by: .seconds(10))
    #expect(socket.takenBytes == socket.givenBytes)
  }

  @Test("a client that does not read loses its call")
  func stalled() throws {
    let test = try TestGateway()
    let socket = try live(test)
    socket.hasRoom = false
    socket.event("NO_INPUT")
    test.answer("still there?")
    #expect(socket.told.last == "rate_limit 429", "the last word finds room")
    #expect(socket.closeCode == 1013 && test.gateway.liveConversations == 0)
  }

  @Test("a socket that breaks is the end of its call; one that closes in order has hung up")
  func ends() throws {
    for (inOrder, end) in [(true, CallEnd.hangup), (false, .lost)] {
      let test = try TestGateway()
      let socket = try live(test)
      socket.audio(160)
      socket.end(inOrder: inOrder)
      #expect(test.bot.heard.last == "\(CallerEvent.ended(end))" && test.gateway.liveConversations == 0)
    }
  }

  @Test("a call on which nothing comes is over as the client's fault, not as one that is done")
  func silence() throws {
    let test = try TestGateway(conversation: .init(idleTimeout: .seconds(100)))
    let socket = try live(test)
    test.advance(by: .seconds(99))
    #expect(socket.closeCode == nil)
    test.advance(by: .seconds(2))
    #expect(socket.told.last == "timeout 408" && socket.closeCode == 1008)
    #expect(test.gateway.liveConversations == 0 && test.bot.heard.last == "\(CallerEvent.ended(.idle))")
  }

  @Test(
    "at the end of the server the caller is handed over, with or without a line that is open", .timeLimit(.minutes(1)))
  func shutdown() async throws {
    for speaks in [true, false] {
      let test = try TestGateway()
      let socket = try live(test)
      if speaks { socket.audio(160) }
      let drain = Task { [gateway = test.gateway] in await gateway.drain(limit: .zero, grace: nil) }
      for _ in 0..<200 where test.gateway.liveConversations > 0 {
        try await Task.sleep(for: .milliseconds(10))
        test.loops.settle()
      }
      await drain.value
      #expect(socket.told == ["hello", "TRANSFER_TO_AGENT"] && socket.closeCode == nil)
      test.advance(by: .seconds(30))
      #expect(socket.closeCode == 1000)
    }
  }

  @Test("a retired tenant's sockets begin nothing")
  func retired() throws {
    let test = try TestGateway()
    test.retireTenant()
    #expect(try test.socket() == nil)
  }

  @Test("agents are listed, for the token's organization alone")
  func list() throws {
    let test = try TestGateway()
    let socket = try #require(try test.socket(.agentList))
    socket.say(text: #"{"customer_org_id":"\#(TestGateway.organization)"}"#)
    #expect(socket.sent.first?["virtual_agents"]?.elements.map { $0["id"]?.string } == ["agent"])
    test.advance(by: .milliseconds(4999))
    #expect(socket.closeCode == nil)
    test.advance(by: .milliseconds(1))
    #expect(socket.closeCode == 1000)
    let other = try #require(try test.socket(.agentList))
    other.say(text: #"{"customer_org_id":"other"}"#)
    #expect(other.closeCode == 1002)
    socket.end(inOrder: true)
    other.end(inOrder: true)
    #expect(test.gateway.openSockets == 0)
  }
}
