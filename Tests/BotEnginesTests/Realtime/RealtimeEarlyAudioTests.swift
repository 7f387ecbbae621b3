import BotEngine
import Testing

@testable import BotEngines

@Suite("What a caller says before the session of a Realtime server stands")
struct RealtimeEarlyAudioTests {
  @Test("sends what the caller said before the session stood, and commits it where the turn is over by then")
  func early() throws {
    var settings = RealtimeSettings(endpoint: .local)
    settings.greeting = "Say hello."
    let word = CallerAudio(samples: [Int16](repeating: 1_000, count: 1_600), sampleRate: 8_000, offset: 0)
    for isOver in [false, true] {
      var call = RealtimeConversation(try RealtimeSession(settings, over: nil), isHeardAtOnce: true)
      // A sound that led to nothing is not sent.
      for event in [CallerEvent.audio(word), .speechStarted(offset: 200), .audio(word), .audio(word)] {
        #expect(call.receive(event).isEmpty)
      }
      if isOver { #expect(call.receive(.speechEnded(offset: 600)).isEmpty) }
      let sent = try call.hear(#"{"type":"session.updated","session":{}}"#).sent
      let appended = ["input_audio_buffer.append", "input_audio_buffer.append"]
      #expect(sent.types == (isOver ? appended + ["input_audio_buffer.commit", "response.create"] : appended))
      let later = call.receive(.speechEnded(offset: 600)).sent
      #expect(isOver || later.types == ["input_audio_buffer.commit", "response.create"])
    }
  }

  @Test("keeps no more than ten seconds of what is said before the session stands")
  func earlyBound() {
    var early = RealtimeEarlyAudio()
    for second in 0..<15 {
      early.append(CallerAudio(samples: [Int16](repeating: 0, count: 8_000), sampleRate: 8_000, offset: second * 1_000))
    }
    let (said, again) = (early.take(), early.take())
    #expect(said.stretches.map(\.offset) == (5..<15).map { $0 * 1_000 })
    #expect(again.stretches.isEmpty && !said.isOver)
  }
}
