import BotEngine
import Testing
import WebexProtocol

@testable import WebexSocketProtocol

@Suite("A frame of the client")
struct SocketReaderTests {
  private let reader = SocketReader(organization: "o-1")

  private func read(_ text: String) throws(SocketProtocolError) -> SocketMessage { try reader.read(Array(text.utf8)) }

  /// The request in an envelope, decoded as the gateway decodes it.
  private func request(_ input: String, _ more: String = "") throws -> VoiceRequest {
    let message = try read(Frames.request(input: input, more: more))
    guard case .request(let request) = message.content else { throw SocketProtocolError.badRequest("no request") }
    return try request.bytes.withUnsafeBytes { try VoiceRequest(VoiceRequestDecoder().decode($0)) }
  }

  @Test("brings audio with its format, as the other wire would")
  func audio() throws {
    let request = try request(
      #"{"audio_input":{"caller_audio_b64":"//79/v8=","encoding":"MULAW_FORMAT","sample_rate_hertz":8000,"#
        + #""audio_timestamp":"2026-11-28T09:00:00Z","language_code":"en-US","is_single_utterance":null}}"#)
    #expect(request.conversationID == "c-1" && request.organizationID == "o-1" && request.agentID == "desk")
    #expect(
      request.input
        == .audio(
          .init(
            bytes: [0xFF, 0xFE, 0xFD, 0xFE, 0xFF], encoding: .mulaw, sampleRate: 8000, languageCode: "en-US")))
  }

  @Test("brings audio of every length up to 64 KiB, byte for byte")
  func lengths() throws {
    for count in [0, 1, 2, 3, 15, 127, 128, 159, 160, 161, 16_383, 16_384, 65_536] {
      let audio = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 8) }
      let request = try request(Frames.audio(audio))
      #expect(request.input == .audio(.init(bytes: audio, encoding: .mulaw, sampleRate: 8000)))
    }
  }

  @Test("may have escapes anywhere, members in any order, no padding, and values that are null")
  func spellings() throws {
    let audio =
      #"{"sample_rate_hertz":8000,"caller_audio_b64":"\/\/79\/v8","\u0065ncoding":"x","encoding":"ALAW_FORMAT"}"#
    let request = try request(#"{"audio_input":\#(audio),"dtmf_input":null,"event_input":null}"#)
    #expect(request.input == .audio(.init(bytes: [0xFF, 0xFE, 0xFD, 0xFE, 0xFF], encoding: .alaw, sampleRate: 8000)))
  }

  @Test("may announce audio without bringing any")
  func announcement() throws {
    for content in ["", #","caller_audio_b64":null"#, #","caller_audio_b64":"""#] {
      let request = try request(
        #"{"audio_input":{"encoding":"UNSPECIFIED_FORMAT","sample_rate_hertz":0\#(content)}}"#)
      #expect(request.input == .audio(.init(bytes: [])))
    }
  }

  @Test("brings every key of the keypad, and no keys as no input")
  func digits() throws {
    let names = ["ONE", "ZERO", "A", "D", "STAR", "POUND"].map { #""DTMF_DIGIT_\#($0)""# }.joined(separator: ",")
    #expect(
      try request(#"{"dtmf_input":{"dtmf_events":[\#(names)]}}"#).input
        == .dtmf([.one, .zero, .a, .d, .star, .pound]))
    for empty in [#"{"dtmf_events":[]}"#, #"{"dtmf_events":null}"#, "{}"] {
      #expect(try request(#"{"dtmf_input":\#(empty)}"#).input == .dtmf([]))
    }
  }

  @Test("brings an event, its maps as objects, as lists of pairs, as [] or as null")
  func maps() throws {
    let parameters: [String: BotValue] = ["lang": .string("en-US"), "vip": .bool(true), "list": .list([.number(1.5)])]
    let spelled = [
      #"{"lang":"en-US","vip":true,"list":[1.5]}"#,
      #"[{"key":"lang","value":"en-US"},{"key":"vip","value":true},{"key":"list","value":[1.5]}]"#,
    ]
    for map in spelled {
      let request = try request(
        #"{"event_input":{"event_type":"SESSION_START","name":"go","parameters":\#(map)}}"#,
        #","additional_info":[{"key":"a","value":"b"},{"key":"n","value":7}],"vendor_specific_config":"{}","#
          + #""allow_partial_responses":true"#)
      #expect(request.input == .event(.init(.sessionStart, name: "go", parameters: parameters)))
      #expect(request.additionalInfo == ["a": "b", "n": "7"])
      #expect(request.vendorConfiguration == "{}" && request.allowsPartialResponses)
    }
    for nothing in ["[]", "null", "{}"] {
      let request = try request(
        #"{"event_input":{"event_type":"NO_INPUT","name":null,"parameters":\#(nothing)}}"#,
        #","additional_info":\#(nothing),"vendor_specific_config":null,"allow_partial_responses":null"#)
      #expect(request.input == .event(.init(.noInput)))
      #expect(request.additionalInfo.isEmpty)
    }
  }

  @Test("of another type is told apart, whatever its metadata is")
  func types() throws {
    for metadata in [
      "", #","metadata":[]"#, #","metadata":null"#, #","metadata":[{"key":"a","value":"b"}],"x":{"y":[1]}"#,
    ] {
      #expect(
        try read(#"{"type":"PING","seq":41,"ts":"2026-11-28T09:00:00Z","conversation_id":"c-1"\#(metadata)}"#)
          == SocketMessage(sequence: 41, conversationID: "c-1", content: .ping))
    }
    #expect(try read(#"{"type":"PONG","seq":1,"conversation_id":"c"}"#).content == .pong)
    #expect(
      try read(#"{"type":"ERROR","seq":1,"conversation_id":"c","code":"timeout","status":408,"detail":"a\u0000b"}"#)
        .content == .error(code: "timeout", detail: "a?b"))
  }

  @Test(
    "is refused where its envelope is not one",
    arguments: [
      "", "[]", "1", "null", #""x""#, "{", #"{"type":"PING","seq":1,"conversation_id":"c"} x"#, "{}",
      #"{"seq":1,"conversation_id":"c"}"#, #"{"type":null,"seq":1,"conversation_id":"c"}"#,
      #"{"type":"HELLO","seq":1,"conversation_id":"c"}"#,
      #"{"type":"VOICE_VA_RESPONSE","seq":1,"conversation_id":"c"}"#,
      #"{"type":"PING","conversation_id":"c"}"#, #"{"type":"PING","seq":"1","conversation_id":"c"}"#,
      #"{"type":"PING","seq":0,"conversation_id":"c"}"#, #"{"type":"PING","seq":-1,"conversation_id":"c"}"#,
      #"{"type":"PING","seq":1.5,"conversation_id":"c"}"#, #"{"type":"PING","seq":1e3,"conversation_id":"c"}"#,
      #"{"type":"PING","seq":1234567890123456,"conversation_id":"c"}"#,
      #"{"type":"PING","seq":1,"ts":7,"conversation_id":"c"}"#, #"{"type":"PING","seq":1}"#,
      #"{"type":"PING","seq":1,"conversation_id":""}"#, #"{"type":"PING","seq":1,"conversation_id":7}"#,
      #"{"type":"PING","seq":1,"conversation_id":"a\u0001"}"#,
      #"{"type":"PING","seq":1,"conversation_id":"\#(String(repeating: "c", count: 129))"}"#,
      #"{"type":"VOICE_VA_REQUEST","seq":1,"conversation_id":"c-1"}"#,
      #"{"type":"VOICE_VA_REQUEST","seq":1,"conversation_id":"c-1","payload":null}"#,
      #"{"type":"VOICE_VA_REQUEST","seq":1,"conversation_id":"c-1","payload":[]}"#,
    ])
  func envelopes(text: String) {
    #expect { try read(text) } throws: {
      ($0 as? SocketProtocolError)?.code == .badRequest && ($0 as? SocketProtocolError)?.closeCode == 1002
    }
  }

  @Test(
    "is refused where its input is not one, or not exactly one",
    arguments: [
      "null", "[]", "{}", #"{"audio_input":null}"#, #"{"audio_input":[]}"#, #"{"audio_input":{}}"#,
      #"{"audio_input":{"encoding":null}}"#, #"{"audio_input":{"encoding":2,"sample_rate_hertz":8000}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","sample_rate_hertz":"8000"}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","sample_rate_hertz":8000.5}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","sample_rate_hertz":99999999999}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","caller_audio_b64":"A-B_"}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","caller_audio_b64":"A"}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","caller_audio_b64":[1]}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT","is_single_utterance":"no"}}"#,
      #"{"audio_input":{"encoding":"MULAW_FORMAT"},"dtmf_input":{"dtmf_events":[]}}"#,
      #"{"dtmf_input":{"dtmf_events":{}}}"#, #"{"dtmf_input":{"dtmf_events":["1"]}}"#, #"{"dtmf_input":[]}"#,
      #"{"dtmf_input":{"dtmf_events":["DTMF_DIGIT_TEN"]}}"#, #"{"dtmf_input":{"dtmf_events":[1]}}"#,
      #"{"event_input":{}}"#, #"{"event_input":{"event_type":"HELLO"}}"#, #"{"event_input":{"event_type":1}}"#,
      #"{"event_input":{"event_type":"NO_INPUT","name":7}}"#,
      #"{"event_input":{"event_type":"NO_INPUT","name":"\u0000"}}"#,
      #"{"event_input":{"event_type":"NO_INPUT","parameters":7}}"#,
      #"{"event_input":{"event_type":"NO_INPUT","parameters":[{"value":1}]}}"#,
      #"{"event_input":{"event_type":"NO_INPUT","parameters":{"a":"\u0000"}}}"#,
    ])
  func inputs(input: String) {
    #expect { try read(Frames.request(input: input)) } throws: { ($0 as? SocketProtocolError)?.code == .badRequest }
  }

  @Test("with an encoding that there is not is refused as media")
  func encodings() {
    #expect { try read(Frames.request(input: #"{"audio_input":{"encoding":"OPUS_FORMAT"}}"#)) } throws: {
      let fault = $0 as? SocketProtocolError
      return fault?.code == .unsupportedMedia && fault?.status == 415 && fault?.closeCode == 1003
    }
  }

  @Test("of another organization or with two conversations is refused")
  func ids() {
    let frame = Frames.request(input: Frames.event("NO_INPUT"))
    for other in [
      frame.replacing(#""customer_org_id":"o-1""#, with: #""customer_org_id":"o-2""#),
      frame.replacing(#""customer_org_id":"o-1","#, with: ""),
      frame.replacing(#""payload":{"conversation_id":"c-1""#, with: #""payload":{"conversation_id":"c-2""#),
      frame.replacing(#""payload":{"conversation_id":"c-1","#, with: #""payload":{"#),
    ] {
      #expect(other != frame)
      #expect { try read(other) } throws: { ($0 as? SocketProtocolError)?.code == .badRequest }
    }
  }

  @Test("is bounded: its size, the depth of its maps, its audio")
  func bounds() throws {
    let padding = String(repeating: "x", count: SocketReader.maximumMessage)
    #expect { try read(#"{"type":"PING","seq":1,"conversation_id":"c","x":"\#(padding)"}"#) } throws: {
      ($0 as? SocketProtocolError)?.code == .badRequest
    }
    func nested(_ levels: Int) -> String {
      #"{"event_input":{"event_type":"CUSTOM_EVENT","name":"e","parameters":{"a":"#
        + String(repeating: "[", count: levels) + String(repeating: "]", count: levels) + "}}}"
    }
    _ = try request(nested(15))
    for levels in [16, 40] {
      #expect { try read(Frames.request(input: nested(levels))) } throws: {
        ($0 as? SocketProtocolError)?.code == .badRequest
      }
    }
    #expect { try read(Frames.request(input: Frames.audio([UInt8](repeating: 0, count: 65_537)))) } throws: {
      ($0 as? SocketProtocolError)?.code == .badRequest
    }
  }
}

extension String {
  func replacing(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}
