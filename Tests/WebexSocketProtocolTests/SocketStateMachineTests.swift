import BotEngine
import JSONText
import Testing
import WebexProtocol

@testable import WebexSocketProtocol

/// A socket whose actions are written as short words.
private struct Socket {
  var machine = SocketStateMachine(organization: "o-1", now: .seconds(100))
  var now = Duration.seconds(100)
  var sequence = 0

  mutating func frame(_ text: String) -> [String] {
    Self.words(machine.received(Array(text.utf8), now: now, wall: 0))
  }

  mutating func say(_ input: String, agent: String = "desk") -> [String] {
    sequence += 1
    return frame(Frames.request(input: input, sequence: sequence, agent: agent))
  }

  mutating func event(_ type: String) -> [String] { say(Frames.event(type)) }
  mutating func audio() -> [String] { say(Frames.audio([1, 2, 3])) }
  mutating func answer(_ response: VoiceResponse, on line: Int) -> [String] {
    Self.words(machine.respond(response, on: line, wall: 0))
  }
  mutating func pass(_ time: Duration) -> [String] {
    now += time
    return Self.words(machine.tick(now: now, wall: 0))
  }

  static func words(_ actions: [SocketStateMachine.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .open(let line, _, let carriesAudio): "open \(line)\(carriesAudio ? " audio" : "")"
      case .deliver(let line, _): "deliver \(line)"
      case .halfClose(let line): "half-close \(line)"
      case .close(let code): "close \(code)"
      case .lost: "lost"
      case .report(let code, _): "report \(code)"
      case .send(let bytes): sent(bytes)
      }
    }
  }

  private static func sent(_ bytes: [UInt8]) -> String {
    guard let root = try? JSONDocument(bytes).root else { return "send what is no JSON" }
    let what = root["payload"]?["response_type"]?.string ?? root["code"]?.string ?? ""
    return "send \(root["type"]?.string ?? "?") \(root["seq"]?.int ?? 0) \(what)"
  }
}

@Suite("A socket of the virtual agent")
struct SocketStateMachineTests {
  private func live() -> Socket {
    var socket = Socket()
    _ = socket.event("SESSION_START")
    return socket
  }

  @Test("begins with SESSION_START, a line of its own that is the whole of the caller's part")
  func start() {
    var socket = Socket()
    #expect(socket.event("SESSION_START") == ["open 1", "half-close 1"])
  }

  @Test("begins with nothing else: only a PING may come before")
  func otherStart() {
    for input in [Frames.audio([1]), Frames.event("NO_INPUT"), #"{"dtmf_input":{}}"#] {
      var socket = Socket()
      #expect(socket.frame(#"{"type":"PING","seq":7,"conversation_id":"c-1"}"#) == ["send PONG 7 "])
      socket.sequence = 7
      #expect(socket.say(input) == ["send ERROR 1 bad_request", "close 1002"])
      #expect(socket.machine.isClosed && socket.audio().isEmpty)
    }
  }

  @Test("is given ten seconds for it")
  func patience() {
    var socket = Socket()
    #expect(socket.machine.nextDeadline == .seconds(110))
    #expect(socket.pass(.seconds(9)).isEmpty)
    #expect(socket.pass(.seconds(1)) == ["send ERROR 1 timeout", "close 1008"])
    #expect(socket.machine.nextDeadline == nil)
  }

  @Test("brings audio as one line until that is answered, and what comes then as the next")
  func audioLines() {
    var socket = live()
    #expect(socket.audio() == ["open 2 audio"])
    #expect(socket.audio() == ["deliver 2"])
    // A word on the caller's speech is no answer.
    #expect(socket.answer(VoiceResponse(events: [.init(.startOfInput)]), on: 2) == ["send VOICE_VA_RESPONSE 1 FINAL"])
    #expect(socket.audio() == ["deliver 2"])
    #expect(
      socket.answer(VoiceResponse(.chunk, events: [.init(.endOfInput)]), on: 2) == ["send VOICE_VA_RESPONSE 2 CHUNK"])
    #expect(socket.audio() == ["open 3 audio"])
    #expect(socket.audio() == ["deliver 3"])
    // The end of the answered line is nothing to the one that is heard.
    socket.machine.finished(2)
    #expect(socket.audio() == ["deliver 3"])
    socket.machine.finished(3)
    #expect(socket.audio() == ["open 4 audio"])
  }

  @Test("lets the caller interrupt what the bot says unasked: audio is another line from its first prompt")
  func unasked() {
    var socket = live()
    _ = socket.audio()
    _ = socket.answer(VoiceResponse(.chunk, prompts: [.init(audio: [1], isBargeInEnabled: true)]), on: 2)
    #expect(socket.audio() == ["open 3 audio"])
  }

  @Test("brings every event as a line of its own, after which the audio before it is over")
  func events() {
    var socket = live()
    _ = socket.audio()
    #expect(socket.event("START_OF_DTMF") == ["open 3", "half-close 3", "half-close 2"])
    #expect(socket.say(#"{"dtmf_input":{"dtmf_events":["DTMF_DIGIT_ONE"]}}"#) == ["open 4", "half-close 4"])
    _ = socket.audio()
    #expect(socket.event("NO_INPUT") == ["open 6", "half-close 6", "half-close 5"])
    #expect(socket.event("CUSTOM_EVENT") == ["open 7", "half-close 7"])
    #expect(socket.event("UNSPECIFIED_INPUT") == ["open 8", "half-close 8"])
  }

  @Test("ends when the caller hangs up: nothing is said any more")
  func hangUp() {
    var socket = live()
    _ = socket.audio()
    #expect(socket.event("SESSION_END") == ["open 3", "half-close 3", "half-close 2", "close 1000"])
    #expect(socket.answer(VoiceResponse(), on: 3).isEmpty)
    #expect(socket.machine.conversationEnded(now: socket.now).isEmpty && socket.machine.nextDeadline == nil)
  }

  @Test("waits for the client's close once the bot has taken its leave, and ignores what was in flight")
  func farewell() {
    for kind in [VoiceResponse.Event.Kind.transferToAgent, .sessionEnd] {
      var socket = live()
      _ = socket.answer(VoiceResponse(events: [.init(kind)]), on: 1)
      #expect(socket.machine.conversationEnded(now: socket.now).isEmpty)
      #expect(socket.audio().isEmpty && socket.event("NO_INPUT").isEmpty)
      #expect(socket.frame(#"{"type":"PING","seq":9,"conversation_id":"c-1"}"#) == ["send PONG 9 "])
      #expect(socket.pass(.seconds(29)).isEmpty)
      var other = socket
      other.sequence = 9
      #expect(other.event("SESSION_END") == ["close 1000"])
      #expect(socket.pass(.seconds(1)) == ["close 1000"])
    }
  }

  @Test("is closed at once where the conversation is over without a word")
  func silentEnd() {
    var socket = live()
    #expect(Socket.words(socket.machine.conversationEnded(now: socket.now)) == ["close 1000"])
  }

  @Test("marks the end of an answer as its last audio was marked")
  func bargeIn() {
    var socket = live()
    let end = VoiceResponse(prompts: [.init(audio: [], isBargeInEnabled: false)], inputMode: .voice)
    for mayInterrupt in [true, false] {
      _ = socket.machine.respond(
        VoiceResponse(.chunk, prompts: [.init(audio: [1], isBargeInEnabled: mayInterrupt)]), on: 1, wall: 0)
      guard case .send(let bytes)? = socket.machine.respond(end, on: 1, wall: 0).first else {
        Issue.record("nothing was sent")
        return
      }
      #expect(
        String(decoding: bytes, as: UTF8.self)
          .contains(#"[{"audio_content_b64":"","is_barge_in_enabled":\#(mayInterrupt)}]"#))
    }
  }

  @Test(
    "is given up where the client breaks its order",
    arguments: [
      Frames.request(input: Frames.event("SESSION_START"), sequence: 5),
      Frames.request(input: Frames.event("NO_INPUT"), sequence: 2),
      Frames.request(input: Frames.event("NO_INPUT"), sequence: 1),
      Frames.request(input: Frames.event("NO_INPUT"), sequence: 5, agent: "other"),
      #"{"type":"PING","seq":5,"conversation_id":"c-2"}"#, #"{"type":"PING","seq":2,"conversation_id":"c-1"}"#, "{",
    ])
  func order(frame: String) {
    var socket = live()
    _ = socket.audio()
    #expect(socket.frame(frame) == ["send ERROR 1 bad_request", "close 1002", "lost"])
    #expect(socket.audio().isEmpty && socket.machine.ended(.closed).isEmpty)
  }

  @Test("takes gaps in the numbers, and an agent that is named later or not at all")
  func gaps() {
    var socket = Socket()
    socket.sequence = 10
    _ = socket.say(Frames.event("SESSION_START"), agent: "")
    socket.sequence = 1000
    #expect(socket.say(Frames.audio([1]), agent: "desk") == ["open 2 audio"])
    #expect(socket.say(Frames.audio([1]), agent: "") == ["deliver 2"])
    #expect(socket.say(Frames.audio([1]), agent: "other") == ["send ERROR 1 bad_request", "close 1002", "lost"])
  }

  @Test("is given up for a binary frame, for silence, and by the server, each with its own code")
  func faults() {
    var binary = live()
    #expect(Socket.words(binary.machine.receivedBinary(wall: 0)) == ["send ERROR 1 bad_request", "close 1003", "lost"])
    var silent = live()
    #expect(silent.pass(.seconds(599)).isEmpty)
    #expect(silent.pass(.seconds(1)) == ["send ERROR 1 timeout", "close 1008", "lost"])
    for (fault, words) in [
      (SocketProtocolError.rateLimit("too many calls"), ["send ERROR 1 rate_limit", "close 1013", "lost"]),
      (.upstreamError("nothing can be played"), ["send ERROR 1 upstream_error", "close 1011", "lost"]),
      (.unsupportedMedia("8 kHz"), ["send ERROR 1 unsupported_media", "close 1003", "lost"]),
      (.goingDown, ["close 1001", "lost"]),
    ] {
      var socket = live()
      #expect(Socket.words(socket.machine.fail(fault, wall: 0)) == words)
      #expect(socket.machine.fail(fault, wall: 0).isEmpty)
    }
  }

  @Test("that closes in order has hung up, and one that breaks has lost its caller")
  func ends() {
    var closed = live()
    guard case .open(2, let message, false)? = closed.machine.ended(.closed).first else {
      Issue.record("no hang-up")
      return
    }
    let request = try? message.withUnsafeBytes { try VoiceRequest(VoiceRequestDecoder().decode($0)) }
    #expect(request?.input == .event(.init(.sessionEnd)) && request?.conversationID == "c-1")
    var broken = live()
    #expect(broken.machine.ended(.broken) == [.lost])
    var early = Socket()
    #expect(early.machine.ended(.broken).isEmpty && early.machine.isClosed)
  }

  @Test("tells of the client's own ERROR and goes on")
  func clientsError() {
    var socket = live()
    #expect(
      socket.frame(#"{"type":"ERROR","seq":5,"conversation_id":"c-1","code":"timeout","status":408,"detail":"x"}"#)
        == ["report timeout"])
    socket.sequence = 5
    #expect(socket.audio() == ["open 2 audio"])
  }
}
