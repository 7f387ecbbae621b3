import Testing

@testable import Conformance

private func sights(_ messages: String...) -> [SocketSight] {
  var check = SocketMessageCheck(conversation: "c")
  return messages.map { check.read(Array($0.utf8)) }
}

private func message(
  _ seq: Int, type: String = "VOICE_VA_RESPONSE", conversation: String = "c", ts: String = "2026-11-28T09:00:00.120Z",
  _ payload: String? = #"{"response_type":"FINAL","prompts":[{"audio_content_b64":""}],"input_mode":"INPUT_VOICE"}"#,
  _ more: String = ""
) -> String {
  let payload = payload.map { #","payload":\#($0)"# } ?? ""
  return #"{"type":"\#(type)","seq":\#(seq),"ts":"\#(ts)","conversation_id":"\#(conversation)"\#(payload)\#(more)}"#
}

private func broken(_ messages: String...) -> [String] {
  var check = SocketMessageCheck(conversation: "c")
  return messages.flatMap { check.read(Array($0.utf8)).breaches.map(\.rule) }
}

@Suite struct SocketMessageTests {
  @Test func whatIsRightBreaksNothing() {
    let pong = message(7, type: "PONG", nil)
    #expect(broken(message(1), message(5), pong, message(6, ts: "2026-11-28T09:00:00+01:00")).isEmpty)
    let read = sights(message(1)).first
    #expect(read?.content == .response(.init(type: "FINAL", audio: [0], hasPrompts: true, hasInputMode: true)))
    let boundary = sights(message(1, #"{"response_type":"FINAL","output_events":[{"event_type":"START_OF_INPUT"}]}"#))
      .first
    guard case .response(let response)? = boundary?.content else {
      Issue.record("no response")
      return
    }
    #expect(response.events == ["START_OF_INPUT"] && !response.isAnswer)
  }

  @Test(
    arguments: [
      ("not JSON", "socket.envelope"),
      (#"{"seq":1,"ts":"2026-11-28T09:00:00Z","conversation_id":"c"}"#, "socket.envelope"),
      (message(0), "socket.envelope"),
      (message(1, nil), "socket.envelope"),
      (message(1, type: "RESPONSE"), "socket.envelope"),
      (message(1, conversation: "d"), "socket.conversation"),
      (message(1, ts: "yesterday"), "socket.time"),
      (message(1, ts: "2026-11-28T09:00:00"), "socket.time"),
      (message(1, ts: "2026-13-28T09:00:00Z"), "socket.time"),
      (message(1, "{}"), "socket.fields"),
      (message(1, #"{"response_type":"FINAL","mood":"good"}"#), "socket.fields"),
      (message(1, #"{"response_type":"FINAL","input_sensitive":null}"#), "socket.fields"),
      (message(1, #"{"response_type":"FINAL","input_mode":"INPUT_ANY"}"#), "socket.fields"),
      (message(1, #"{"response_type":"LAST"}"#), "socket.fields"),
      (message(1, #"{"response_type":"FINAL","output_events":[{"name":"x"}]}"#), "socket.fields"),
      (
        message(
          1, #"{"response_type":"FINAL","input_handling_config":{"speech_timers":{"no_input_timeout_msec":5}}}"#),
        "socket.fields"
      ),
      (message(1, #"{"response_type":"FINAL","prompts":[{"audio_uri":"u"}]}"#), "socket.prompts"),
      (message(1, #"{"response_type":"FINAL","prompts":[{"audio_content_b64":"UklGRg=="}]}"#), "socket.chunks-only"),
      (message(1, type: "ERROR", nil, #","code":"oops","status":400,"detail":"d""#), "socket.error-form"),
      (message(1, type: "ERROR", nil, #","code":"timeout","status":8,"detail":"d""#), "socket.error-form"),
      (message(1, type: "ERROR", nil, #","code":"timeout","status":408"#), "socket.error-form"),
    ] as [(String, String)]) func whatIsWrongBreaksItsRule(text: String, rule: String)
  {
    let found = broken(text)
    #expect(found.contains(rule), "\(found)")
  }

  @Test func numbersRise() {
    #expect(broken(message(2), message(2)) == ["socket.sequence"])
    #expect(broken(message(9), message(3)) == ["socket.sequence"])
  }

  @Test func everyRuleOfASocketHasItsPlace() {
    let ids = Rule.all.map(\.id)
    #expect(Set(ids).count == ids.count)
    #expect(SocketMessageCheck.rules.allSatisfy { Rule.named($0)?.isOfSocketsOnly == true })
  }
}
