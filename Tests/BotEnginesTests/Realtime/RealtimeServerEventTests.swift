import AudioCodecs
import BotEngine
import Testing

@testable import BotEngines

@Suite("A RealtimeServerEvent is read from the names of today and of the beta")
struct RealtimeServerEventTests {
  private func event(_ text: String) throws -> RealtimeServerEvent { try RealtimeServerEvent(Array(text.utf8)) }

  @Test("audio comes with where it belongs; without an item, or in another alphabet, it is no event")
  func audio() throws {
    for type in ["response.output_audio.delta", "response.audio.delta"] {
      let read = try event(#"{"type":"\#(type)","response_id":"r","item_id":"i","content_index":1,"delta":"AQID"}"#)
      guard case .audio("r", "i", 1, [1, 2, 3]) = read else {
        Issue.record("\(read)")
        continue
      }
    }
    for broken in [#""delta":"AQID""#, #""item_id":"i","delta":"%%%%""#, #""item_id":"i""#] {
      #expect(throws: RealtimeServerEvent.FormatError.badMembers) {
        try event(#"{"type":"response.audio.delta",\#(broken)}"#)
      }
    }
  }

  @Test("what is no JSON, or has no type, is told; an event that is not known is another")
  func format() throws {
    #expect(throws: RealtimeServerEvent.FormatError.notJSON) { try event("{") }
    #expect(throws: RealtimeServerEvent.FormatError.noType) { try event("{}") }
    guard case .other = try event(#"{"type":"rate_limits.updated"}"#) else {
      Issue.record("an unknown event is not passed over")
      return
    }
  }

  @Test("the session's formats are objects today and were words")
  func session() throws {
    let today =
      #"{"audio":{"input":{"format":{"type":"audio/pcm","rate":16000}},"output":{"format":{"type":"audio/pcmu"}}}}"#
    let beta = #"{"input_audio_format":"pcm16","output_audio_format":"g711_alaw"}"#
    for (text, input, output) in [
      (today, RealtimeAudioFormat.pcm(rate: 16_000), RealtimeAudioFormat.pcmu), (beta, .pcm(rate: 24_000), .pcma),
    ] {
      guard case .sessionUpdated(input, output) = try event(#"{"type":"session.updated","session":\#(text)}"#) else {
        Issue.record("not \(input) and \(output)")
        continue
      }
    }
  }

  @Test("arguments that are no object are none, and an error's words are identifiers only")
  func response() throws {
    for arguments in ["null", "[]", "not JSON", #"{\"reason\":\"done\"}"#] {
      let text = """
        {"type":"response.done","response":{"id":"r","status":"failed","output":[
        {"type":"function_call","call_id":"c","name":"end_call","arguments":"\(arguments)"},{"type":"message"}],
        "status_details":{"error":{"type":"server_error","code":"no ids: caller said 42"}}}}
        """
      guard case .responseDone(let response) = try event(text) else {
        Issue.record("\(arguments)")
        continue
      }
      #expect(response.calls.map(\.name) == ["end_call"])
      #expect(response.calls.first?.arguments.isEmpty == !arguments.hasPrefix("{"))
      #expect(response.failure?.type == "server_error" && response.failure?.code == "noidscallersaid")
    }
  }

  @Test("RealtimeAudioFormat: what it encodes it plays, in the time that it takes")
  func formats() {
    for (format, rate, bytes) in [
      (RealtimeAudioFormat.pcmu, 8000, 1), (.pcma, 8000, 1), (.pcm(rate: 16_000), 16_000, 2),
    ] {
      let samples = [Int16](repeating: 0, count: rate)
      let encoded = format.encode(samples)
      #expect(encoded.count == rate * bytes && format.microseconds(ofBytes: encoded.count) == 1_000_000)
      #expect(format.sampleRate == rate && format.isUsable)
      switch format.audio(encoded).content {
      case .mulaw(let played): #expect(format == .pcmu && played == encoded)
      case .linear(let played, let heardRate): #expect(played.count == rate && heardRate == rate)
      }
    }
    #expect(RealtimeAudioFormat("mp3") == nil && !RealtimeAudioFormat.pcm(rate: 1).isUsable)
  }
}
