import AudioCodecs
import BotEngine
import Testing
import WebexProtocol

@testable import BotEngines

@Suite("What another server of the interface answers becomes a bot's commands")
struct UpstreamAnswerTests {
  private func phrases(_ response: VoiceResponse) -> [String] {
    UpstreamAnswer(response).commands.map { command in
      switch command {
      case .audio(let audio):
        switch audio.content {
        case .mulaw(let bytes): "\(bytes.count)B" + (audio.bargeIn ? "" : "!")
        case .linear(let samples, let rate): "\(samples.count)@\(rate)" + (audio.bargeIn ? "" : "!")
        }
      case .text(let text, _): "\"\(text)\""
      case .endTurn(let settings): settings.map { "end turn \($0.mode)" } ?? "end turn"
      case .transfer(let summary, let metadata): "transfer \(summary ?? "-") \(metadata.keys.sorted())"
      case .end: "end"
      case .sensitive(let isSensitive): "sensitive \(isSensitive)"
      case .customEvent(let name, _): "event \(name)"
      case .transcript(let speaker, let text): "\(speaker): \(text)"
      default: "?"
      }
    }
  }

  @Test("WAV files lose their header, raw mu-law has none, whatever the response's type")
  func audio() {
    let mulaw = WAVFile(format: .telephone, audio: [UInt8](repeating: 0x55, count: 900)).bytes
    let linear = WAVFile(samples: [1, 2, 3], format: AudioFormat(encoding: .linear16, sampleRate: 8000)).bytes
    let final = VoiceResponse(
      prompts: [
        .init(audio: mulaw, isBargeInEnabled: true), .init(audio: linear, isBargeInEnabled: false),
        .init(text: "Hello.", isBargeInEnabled: true),
      ], inputMode: .dtmf)
    #expect(phrases(final) == ["900B", "3@8000!", "\"Hello.\"", "sensitive false", "end turn digits"])
    let chunk = VoiceResponse(.chunk, prompts: [.init(audio: [1, 2, 3], isBargeInEnabled: true)])
    #expect(phrases(chunk) == ["3B"])
    let last = VoiceResponse(prompts: [.init(audio: [], isBargeInEnabled: false)])
    #expect(phrases(last) == ["sensitive false", "end turn"])
  }

  @Test("a WAV file that is none is left out and counted")
  func brokenPrompt() {
    let answer = UpstreamAnswer(
      VoiceResponse(prompts: [.init(audio: Array("RIFFxxxx".utf8), isBargeInEnabled: true)]))
    #expect(answer.refusedPrompts == 1)
    #expect(answer.isComplete)
  }

  @Test("the bounds of the caller's turn are no answer, though they come as final responses")
  func bounds() {
    let start = UpstreamAnswer(VoiceResponse(events: [.init(.startOfInput)]))
    #expect(start.bound == .start && start.commands.isEmpty && !start.isComplete)
    let end = UpstreamAnswer(VoiceResponse(.chunk, events: [.init(.endOfInput)]))
    #expect(end.bound == .end && end.commands.isEmpty && !end.isComplete)
  }

  @Test("a transfer keeps its summary, from wherever, its data, and who said what")
  func transfer() {
    var response = VoiceResponse(
      events: [.init(.transferToAgent, metadata: ["summary": .string("s"), "queue": .string("q")])])
    #expect(phrases(response) == ["transfer s [\"queue\"]"])
    response.summary = "longer"
    response.transcript = "caller: Hello\nagent: Hi\nbye"
    #expect(phrases(response) == ["caller: Hello", "agent: Hi", "agent: bye", "transfer longer [\"queue\"]"])
    #expect(UpstreamAnswer(response).isLeave)
    #expect(phrases(VoiceResponse(events: [.init(.sessionEnd)])) == ["end"])
  }

  @Test("an event of the flow, and a word that the caller was not understood, end the turn")
  func events() {
    #expect(phrases(VoiceResponse(events: [.init(.custom, name: "e")])) == ["event e", "sensitive false", "end turn"])
    #expect(phrases(VoiceResponse(events: [.init(.noMatch)])) == ["sensitive false", "end turn"])
  }

  @Test("how the caller shall be listened to")
  func settings() {
    let answer = UpstreamAnswer(
      VoiceResponse(
        isInputSensitive: true, inputMode: .voiceAndDTMF,
        inputHandling: InputHandling(
          dtmf: .init(interDigitTimeout: 2000, terminator: .star, length: 4),
          speechTimers: .init(maximumSpeech: 9000, complete: 800, noInput: 5000))))
    guard case .sensitive(true)? = answer.commands.first, case .endTurn(let settings?)? = answer.commands.last else {
      Issue.record("\(answer.commands)")
      return
    }
    #expect(
      settings
        == BotInputSettings(
          mode: .voiceAndDigits, digitCount: 4, terminator: "*", interDigitTimeout: 2000, noInputTimeout: 5000,
          endSilence: 800, maximumSpeech: 9000))
  }
}
