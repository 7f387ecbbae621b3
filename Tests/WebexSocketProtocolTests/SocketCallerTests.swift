import AudioCodecs
import BotEngine
import Testing
import WebexProtocol

@testable import WebexSocketProtocol

@Suite("A caller's messages")
struct SocketCallerTests {
  private func read(_ bytes: [UInt8]) throws -> VoiceRequest? {
    guard case .request(let request) = try SocketReader(organization: "o").read(bytes).content else { return nil }
    return try request.bytes.withUnsafeBytes { try VoiceRequest(VoiceRequestDecoder().decode($0)) }
  }

  @Test("What a caller writes is what the server reads")
  func requests() throws {
    var writer = SocketRequestWriter(conversation: "c", organization: "o", agent: "a")
    writer.vendorConfiguration = "v"
    writer.additionalInfo = ["x": "\"1\"", "y": "2"]
    let start = VoiceRequest.Event(.custom, name: "n", parameters: ["k": .number(2), "l": .list([.bool(true)])])
    let event = try #require(try read(writer.request(.event(start), wall: 0)))
    #expect(event.conversationID == "c" && event.organizationID == "o" && event.agentID == "a")
    #expect(event.vendorConfiguration == "v" && event.additionalInfo == ["x": "\"1\"", "y": "2"])
    #expect(event.input == .event(start))
    #expect(try read(writer.request(.dtmf([.one, .pound, .a]), wall: 0))?.input == .dtmf([.one, .pound, .a]))
    let format = AudioFormat(encoding: .linear16, sampleRate: 16_000)
    let audio = try #require(try read(writer.audio([1, 2, 3, 4], format, wall: 0)))
    #expect(audio.input == .audio(.init(bytes: [1, 2, 3, 4], encoding: .linear16, sampleRate: 16_000)))
    #expect(try SocketReader(organization: "o").read(writer.ping(wall: 0)).content == .ping)
    #expect(writer.sequence == 4)
  }

  @Test("What the server writes is what a caller reads")
  func responses() throws {
    let response = VoiceResponse(
      .final,
      prompts: [
        .init(text: "Grüß \"Gott\"", isBargeInEnabled: true),
        .init(audio: [UInt8](repeating: 7, count: 400), isBargeInEnabled: false),
      ],
      events: [.init(.transferToAgent, name: "n", metadata: ["summary": .string("s")])], isInputSensitive: true,
      inputMode: .dtmf,
      inputHandling: .init(
        dtmf: .init(interDigitTimeout: 1, terminator: .star, length: 3),
        speechTimers: .init(maximumSpeech: 4, complete: 5, incomplete: 6)),
      transcript: "t", summary: "u", isPromptCancellationDisabled: true)
    var writer = SocketWriter()
    writer.conversationID = "c"
    var reader = SocketResponseReader(conversation: "c")
    #expect(try reader.read(writer.response(response, wall: 0)) == .init(sequence: 1, content: .response(response)))
    let fault = SocketProtocolError.unknownAgent("x")
    #expect(
      try reader.read(writer.error(.badRequest, fault, wall: 0)).content
        == .error(code: "bad_request", status: 404, detail: fault.detail))
    #expect(try reader.read(writer.pong(to: 1, wall: 0)).content == .pong, "its number is the PING's")
  }

  @Test(
    "What no server may send is told apart",
    arguments: [
      (#"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"t","conversation_id":"c"}"#, "payload has to be"),
      (#"{"type":"VOICE_VA_RESPONSE","seq":0,"ts":"t","conversation_id":"c"}"#, "seq has to be"),
      (#"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"t","conversation_id":"d"}"#, "another than the call's"),
      (#"{"type":"HELLO","seq":1,"ts":"t","conversation_id":"c"}"#, "type is none"),
      (#"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"t","conversation_id":"c","payload":{}}"#, "response_type has"),
      (
        #"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"t","conversation_id":"c","payload":{"response_type":"FINAL","#
          + #""prompts":[{"audio_uri":"x"}]}}"#, "a prompt needs text"
      ),
      (
        #"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"t","conversation_id":"c","payload":{"response_type":"FINAL","#
          + #""input_handling_config":{"speech_timers":{"no_input_timeout_msec":1}}}}"#, "not of this wire"
      ),
      ("[]", "has to be a JSON object"),
    ])
  func faults(_ text: String, _ problem: String) {
    var reader = SocketResponseReader(conversation: "c")
    #expect { try reader.read(Array(text.utf8)) } throws: { error in
      (error as? SocketProtocolError)?.detail.contains(problem) ?? false
    }
  }

  @Test("Numbers have to rise")
  func numbers() throws {
    var reader = SocketResponseReader(conversation: "c")
    let message = { (seq: Int) in Array(#"{"type":"PING","seq":\#(seq),"ts":"t","conversation_id":"c"}"#.utf8) }
    _ = try reader.read(message(3))
    _ = try reader.read(message(7))
    #expect(throws: SocketProtocolError.self) { try reader.read(message(7)) }
  }
}
