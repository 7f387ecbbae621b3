import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A SocketLine is one interaction of a socket: what its conversation does with it, the socket does")
struct SocketLineTests {
  /// A call over a socket that has begun, and the session that its lines belong to.
  private func live(_ test: TestGateway) throws -> (session: SocketSession, socket: FakeSocket) {
    let socket = try #require(try test.socket())
    socket.event("SESSION_START")
    test.answer("hello")
    return (try #require(socket.session), socket)
  }

  /// The conversation does something with a line, on its loop.
  private func act(_ test: TestGateway, _ work: () -> Void) { test.loops.run(on: test.loops.loops[0], work) }

  private let text = VoiceResponse(.final, prompts: [.init(text: "one", isBargeInEnabled: true)])

  @Test("it is known by an id of its own, and by its socket's headers")
  func identity() throws {
    let test = try TestGateway()
    let (session, _) = try live(test)
    let lines = [SocketLine(1, of: session), SocketLine(2, carriesAudio: true, of: session)]
    #expect(lines[0].id != lines[1].id && lines.map(\.carriesAudio) == [false, true])
    #expect(lines.allSatisfy { $0.method == .socket && $0.trackingID == "t-1" && $0.loop === session.loop })
    #expect(lines[0].authorization?.hasPrefix("Bearer ") == true)
    lines[0].subject["conversation"] = "c-1"
    #expect(lines[1].subject["conversation"] == "c-1" && session.subject["conversation"] == "c-1")
  }

  @Test("an answer goes out the same, whether it comes as a value or as it is on the wire of RPCs")
  func sends() throws {
    let test = try TestGateway()
    let (session, socket) = try live(test)
    let line = SocketLine(0, of: session)
    act(test) {
      line.send(text)
      line.send(text.encoded())
    }
    #expect(socket.told == ["hello", "one", "one"])
    let payloads = socket.sent.suffix(2).map { $0["payload"]?["prompts"]?.elements.first?["text"]?.string }
    #expect(payloads == ["one", "one"])
  }

  @Test("the end of a line leaves the socket open; the end of the line that lasts as long as the call closes it")
  func finishes() throws {
    let test = try TestGateway()
    let (session, socket) = try live(test)
    act(test) { SocketLine(1, of: session).finish(.ok, lingering: .zero) }
    act(test) { SocketLine(2, of: session).finish(RPCStatus(.aborted), lingering: .zero) }
    #expect(socket.closeCode == nil)
    act(test) { SocketLine(0, of: session).finish(.ok, lingering: .zero) }
    #expect(socket.closeCode == 1000)
  }

  @Test("a failure of the whole call, and too much of anything on any line, are errors of the socket")
  func fails() throws {
    let cases: [(line: Int, status: RPCStatus.Code, told: [String], code: UInt16)] = [
      (0, .unavailable, [], 1001), (0, .internal, ["upstream_error 502"], 1011),
      (3, .resourceExhausted, ["rate_limit 429"], 1013),
    ]
    for (number, status, told, code) in cases {
      let test = try TestGateway()
      let (session, socket) = try live(test)
      act(test) { SocketLine(number, of: session).finish(RPCStatus(status, "why"), lingering: .zero) }
      #expect(Array(socket.told.dropFirst()) == told && socket.closeCode == code, "\(status)")
      #expect(test.gateway.liveConversations == 0)
    }
  }

  @Test("what is refused on a line with audio is its sound; on another, its form")
  func refuses() throws {
    for (carriesAudio, told) in [(true, "unsupported_media 415"), (false, "bad_request 400")] {
      let test = try TestGateway()
      let (session, socket) = try live(test)
      act(test) { SocketLine(1, carriesAudio: carriesAudio, of: session).refuse(RPCStatus(.invalidArgument, "no")) }
      #expect(socket.told.last == told && test.gateway.liveConversations == 0)
    }
  }

  @Test("while it pauses, nothing that comes is credited; the last pause counts")
  func pauses() throws {
    let test = try TestGateway()
    let (session, socket) = try live(test)
    let line = SocketLine(0, of: session)
    act(test) { line.pause(for: .milliseconds(100)) }
    socket.event("START_OF_DTMF")
    #expect(socket.takenBytes < socket.givenBytes)
    test.advance(by: .milliseconds(60))
    act(test) { line.pause(for: .milliseconds(100)) }
    test.advance(by: .milliseconds(99))
    #expect(socket.takenBytes < socket.givenBytes)
    test.advance(by: .milliseconds(1))
    #expect(socket.takenBytes == socket.givenBytes)
  }
}
