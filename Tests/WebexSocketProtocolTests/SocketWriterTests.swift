import BotEngine
import Testing
import WebexProtocol

@testable import WebexSocketProtocol

@Suite("A message to the client")
struct SocketWriterTests {
  /// 2026-11-28T09:00:00.180Z.
  private static let wall: Int64 = 1_795_856_400_180_000_000

  private func text(_ response: VoiceResponse) -> String {
    var writer = SocketWriter()
    writer.conversationID = "c-1"
    return String(decoding: writer.response(response, wall: Self.wall), as: UTF8.self)
  }

  private func envelope(_ payload: String) -> String {
    #"{"type":"VOICE_VA_RESPONSE","seq":1,"ts":"2026-11-28T09:00:00.180Z","conversation_id":"c-1","payload":"# + payload
      + "}"
  }

  @Test("with audio has it in Base64 and no text")
  func chunk() {
    #expect(
      text(VoiceResponse(.chunk, prompts: [.init(audio: [0xFF, 0xFE, 0xFD, 0xFE, 0xFF], isBargeInEnabled: true)]))
        == envelope(
          #"{"response_type":"CHUNK","prompts":[{"audio_content_b64":"//79/v8=","is_barge_in_enabled":true}]}"#))
  }

  @Test("that ends an answer has one prompt whose audio is there and empty, and says how input is collected")
  func final() {
    let handling = InputHandling(
      dtmf: .init(interDigitTimeout: 3000, terminator: .pound, length: 4),
      speechTimers: .init(maximumSpeech: 60_000, complete: 700, incomplete: 900, noInput: 10_000))
    #expect(
      text(
        VoiceResponse(
          .final, prompts: [.init(audio: [], isBargeInEnabled: true)], isInputSensitive: true,
          inputMode: .voiceAndDTMF, inputHandling: handling))
        == envelope(
          #"{"response_type":"FINAL","prompts":[{"audio_content_b64":"","is_barge_in_enabled":true}],"#
            + #""input_mode":"INPUT_VOICE_DTMF","input_handling_config":{"dtmf_config":{"inter_digit_timeout_msec":3000,"#
            + #""termchar":"DTMF_DIGIT_POUND","dtmf_input_length":4},"speech_timers":{"max_speech_timeout_msec":60000,"#
            + #""complete_timeout_msec":700,"incomplete_timeout_msec":900}},"input_sensitive":true}"#))
  }

  @Test("leaves out what this wire does not have: a time until NO_INPUT alone is no configuration")
  func noInput() {
    #expect(
      text(VoiceResponse(.final, inputMode: .voice, inputHandling: .init(speechTimers: .init(noInput: 10_000))))
        == envelope(#"{"response_type":"FINAL","input_mode":"INPUT_VOICE"}"#))
  }

  @Test("that hands the caller over carries the event, its data, the transcript and the summary")
  func transfer() {
    #expect(
      text(
        VoiceResponse(
          .final, events: [.init(.transferToAgent, metadata: ["desk": .string("a\"b"), "n": .number(2)])],
          transcript: "caller: hi", summary: "asked"))
        == envelope(
          #"{"response_type":"FINAL","output_events":[{"event_type":"TRANSFER_TO_AGENT","metadata":{"desk":"a\"b","n":2}}],"#
            + #""session_transcript":{"text":"caller: hi"},"session_summary":{"text":"asked"}}"#))
  }

  @Test("is numbered by its own counter, and a PONG by the PING's number")
  func numbers() {
    var writer = SocketWriter()
    writer.conversationID = "c-1"
    _ = writer.response(VoiceResponse(), wall: Self.wall)
    #expect(
      String(decoding: writer.pong(to: 41, wall: Self.wall), as: UTF8.self)
        == #"{"type":"PONG","seq":41,"ts":"2026-11-28T09:00:00.180Z","conversation_id":"c-1"}"#)
    #expect(
      String(decoding: writer.error(.rateLimit, .rateLimit("too many calls"), wall: Self.wall), as: UTF8.self)
        == #"{"type":"ERROR","seq":2,"ts":"2026-11-28T09:00:00.180Z","conversation_id":"c-1","#
        + #""code":"rate_limit","status":429,"detail":"too many calls"}"#)
  }

  @Test("lists agents by id and name, and reads the request for them")
  func agents() throws {
    let list = ListAgentsResponse(agents: [.init(id: "a", name: "A", isDefault: true), .init(id: "b", name: "B")])
    #expect(
      String(decoding: list.socketText, as: UTF8.self)
        == #"{"virtual_agents":[{"id":"a","name":"A"},{"id":"b","name":"B"}]}"#)
    #expect(String(decoding: ListAgentsResponse(agents: []).socketText, as: UTF8.self) == #"{"virtual_agents":[]}"#)
    #expect(
      try ListAgentsRequest(
        socketText: Array(
          #"{"customer_org_id":"o-1","is_default_virtual_agent_enabled":true,"more":{}}"#.utf8))
        == ListAgentsRequest(organizationID: "o-1", isDefaultAgentEnabled: true))
    #expect(throws: SocketProtocolError.self) { try ListAgentsRequest(socketText: Array("{}".utf8)) }
  }
}
