import JSONText
import WebexProtocol

@testable import WebexSocketProtocol

/// What a client sends, spelled by hand.
enum Frames {
  static func request(input: String, sequence: Int = 1, more: String = "", agent: String = "desk") -> String {
    #"{"type":"VOICE_VA_REQUEST","seq":\#(sequence),"ts":"2026-11-28T09:00:00.120Z","conversation_id":"c-1","#
      + #""metadata":[],"payload":{"conversation_id":"c-1","customer_org_id":"o-1","virtual_agent_id":"\#(agent)","#
      + #""voice_va_input_type":\#(input)\#(more)}}"#
  }

  static func audio(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    Base64.encode(bytes, into: &text)
    return #"{"audio_input":{"caller_audio_b64":"\#(String(decoding: text, as: UTF8.self))","#
      + #""encoding":"MULAW_FORMAT","sample_rate_hertz":8000,"is_single_utterance":null}}"#
  }

  static func event(_ type: String) -> String { #"{"event_input":{"event_type":"\#(type)"}}"# }
}
