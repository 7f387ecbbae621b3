import Testing

@testable import BotEngines

@Suite("Messages of hostile bots")
struct HostileMessageTests {
  private static let seeds = [
    #"{"event":"media","streamSid":"MZ1","media":{"payload":"////","track":"outbound"}}"#,
    #"{"event":"mark","streamSid":"MZ1","mark":{"name":"a\u00e9\ud83d\ude00"}}"#,
    #"{"event":"settings","settings":{"mode":"digits","digitCount":4,"terminator":"*","endSilence":1e3,"sensitive":true}}"#,
    #"{"event":"transfer","transfer":{"summary":"x","metadata":{"a":[1,{"b":null}]}}}"#,
    #"{"event":"subscribe","subscribe":["noInput","speech"]}"#,
    #"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","content_index":0,"delta":"AAAA"}"#,
    #"{"type":"response.done","response":{"id":"r","status":"completed","output":[{"type":"function_call","call_id":"c","name":"collect_digits","arguments":"{\"count\":4,\"terminator\":\"*\"}"}]}}"#,
    #"{"type":"session.updated","session":{"audio":{"input":{"format":{"type":"audio/pcm","rate":24000}}}}}"#,
    #"{"type":"error","error":{"type":"invalid_request_error","code":"x","event_id":"patchbay_session"}}"#,
  ].map { Array($0.utf8) }

  @Test("are understood or refused, whatever they are, and never fall the program")
  func mutated() throws {
    var generator = SystemRandomNumberGenerator()
    let settings = RealtimeSettings(
      endpoint: BotEndpoint(url: "ws://127.0.0.1:1/", host: "127.0.0.1", port: 1, isSecure: false))
    let session = try RealtimeSession(settings)
    for round in 0..<4_000 {
      var bytes = Self.seeds[round % Self.seeds.count]
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array("\"\\{}[],:9-e".utf8).randomElement(using: &generator) ?? 0, at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 9))
        }
      }
      var stream = MediaStreamConversation(
        identity: .init(account: "AC1"), turnSilence: .milliseconds(700), isHeardAtOnce: true, now: .zero)
      _ = stream.receive(.init(kind: .text, bytes: bytes), now: .zero)
      _ = stream.tick(now: .seconds(2))
      var realtime = RealtimeConversation(session, isHeardAtOnce: true)
      _ = realtime.receive(.started)
      _ = realtime.receive(.init(kind: .text, bytes: bytes), now: .zero)
      _ = realtime.receive(.interrupted(playedMilliseconds: 1))
    }
  }
}
