import AudioCodecs
import BotEngine
import Testing
import WebexProtocol

@testable import BotEngines

@Suite("What another server of the interface answers becomes a bot's commands")
struct UpstreamAnswerTests {
  private static let settings = ForwardingSettings(
    endpoint: BotEndpoint(url: "http://127.0.0.1:1", host: "127.0.0.1", port: 1, isSecure: false))

  private func read(
    _ response: VoiceResponse, followsChunks: Bool = false,
    completeTimeout: ForwardingSettings.CompleteTimeout = .shorter
  ) -> UpstreamAnswer {
    var settings = Self.settings
    settings.completeTimeout = completeTimeout
    return UpstreamAnswer(response, settings: settings, followsChunks: followsChunks)
  }

  private func phrases(_ response: VoiceResponse) -> [String] {
    read(response).commands.map { command in
      switch command {
      case .audio(let audio):
        switch audio.content {
        case .mulaw(let bytes): "\(bytes.count)B" + (audio.bargeIn ? "" : "!")
        case .linear(let samples, let rate): "\(samples.count)@\(rate)" + (audio.bargeIn ? "" : "!")
        }
      case .text(let text, _, _): "\"\(text)\""
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

  private func wav(rate: Int, channels: Int, bits: Int, tag: UInt16 = 1, frames: Int) -> [UInt8] {
    func little(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
    let frame = channels * bits / 8
    let data = [UInt8](repeating: bits == 8 && tag == 1 ? 128 : 0, count: frames * frame)
    return Array("RIFF".utf8) + little(36 + data.count, 4) + Array("WAVEfmt ".utf8) + little(16, 4)
      + little(Int(tag), 2) + little(channels, 2) + little(rate, 4) + little(rate * frame, 4) + little(frame, 2)
      + little(bits, 2) + Array("data".utf8) + little(data.count, 4) + data
  }

  @Test(
    "a WAV file of any usual kind is converted",
    arguments: [(44_100, 1, 16), (22_050, 2, 16), (8_000, 2, 8), (48_000, 2, 24), (16_000, 1, 32), (11_025, 6, 16)])
  func foreignWAV(rate: Int, channels: Int, bits: Int) {
    let file = wav(rate: rate, channels: channels, bits: bits, frames: rate)
    #expect(
      phrases(VoiceResponse(prompts: [.init(audio: file, isBargeInEnabled: true)]))
        == ["8000B", "sensitive false", "end turn"])
  }

  @Test(
    "audio of another kind is a failure that names it, and never played",
    arguments: [
      (Array("RIFFxxxx".utf8), "WAV"), (Array("ID3\u{3}".utf8) + [UInt8](repeating: 0, count: 900), "MP3"),
      (Array("OggS".utf8) + [UInt8](repeating: 7, count: 900), "Ogg"), (Array("fLaC".utf8), "FLAC"),
      (mp3(), "MP3"), (Array("\u{0}\u{0}\u{0} ftypM4A ".utf8), "MP4"),
    ] as [([UInt8], String)])
  func otherAudio(bytes: [UInt8], name: String) {
    for kind in [VoiceResponse.Kind.final, .chunk] {
      let answer = read(VoiceResponse(kind, prompts: [.init(audio: bytes, isBargeInEnabled: true)]))
      #expect(answer.failure?.kind == .garbage && answer.failure?.message.contains(name) == true)
      #expect(!answer.isSpoken)
    }
  }

  /// Two frames of MPEG-1 layer III at 128 kbit/s and 44,100 Hz, as a file without tags begins.
  private static func mp3() -> [UInt8] {
    let frame = [0xFF, 0xFB, 0x90, 0x64] + [UInt8](repeating: 0x55, count: 417 - 4)
    return frame + frame
  }

  @Test("raw mu-law is for CHUNK responses, whatever it begins with, and for the FINAL that follows them")
  func rawAudio() {
    let raw: [UInt8] = [0xFF, 0xFB, 0x7F, 0xFE] + [UInt8](repeating: 0x55, count: 1000)
    let prompts = [VoiceResponse.Prompt(audio: raw, isBargeInEnabled: true)]
    #expect(read(VoiceResponse(.chunk, prompts: prompts)).failure == nil)
    #expect(read(VoiceResponse(prompts: prompts), followsChunks: true).failure == nil)
    let alone = read(VoiceResponse(prompts: prompts))
    #expect(alone.failure?.message.contains("no WAV file") == true && !alone.isSpoken)
  }

  @Test("a prompt of which only the URI is given is a failure, unless there is text to speak")
  func audioURI() {
    let uri = VoiceResponse(prompts: [.init(audioURI: "https://a.example/b.wav", isBargeInEnabled: true)])
    #expect(read(uri).failure?.message.contains("audio_uri") == true)
    let text = VoiceResponse(
      prompts: [.init(text: "Hello.", audioURI: "https://a.example/b.wav", isBargeInEnabled: true)])
    #expect(read(text).failure == nil && phrases(text).first == "\"Hello.\"")
  }

  @Test("an answer with nothing in it is empty; one that only says how to listen is not")
  func empty() {
    #expect(read(VoiceResponse()).isEmpty)
    #expect(read(VoiceResponse(prompts: [.init(audio: [], isBargeInEnabled: false)])).isEmpty)
    #expect(!read(VoiceResponse(inputMode: .voice)).isEmpty)
    #expect(!read(VoiceResponse(events: [.init(.noMatch)])).isEmpty)
    #expect(!read(VoiceResponse(prompts: [.init(text: "a", isBargeInEnabled: false)])).isEmpty)
  }

  @Test("prompts that a later answer is not to cancel keep that")
  func cancellation() {
    var response = VoiceResponse(
      .chunk,
      prompts: [.init(audio: [1], isBargeInEnabled: true), .init(text: "a", isBargeInEnabled: true)])
    for isDisabled in [false, true] {
      response.isPromptCancellationDisabled = isDisabled
      let commands = read(response).commands
      guard case .audio(let audio)? = commands.first, case .text(_, _, let disables)? = commands.last else {
        Issue.record("\(commands)")
        return
      }
      #expect(audio.disablesPromptCancellation == isDisabled && disables == isDisabled)
    }
  }

  @Test(
    "complete_timeout_msec counts where it is shorter than the agent's own, or as the configuration says",
    arguments: [
      (5000, .shorter, nil), (500, .shorter, 500), (700, .shorter, nil), (5000, .any, 5000), (500, .ignore, nil),
      (0, .any, nil),
    ] as [(Int32, ForwardingSettings.CompleteTimeout, Int?)])
  func completeTimeout(stated: Int32, meaning: ForwardingSettings.CompleteTimeout, counts: Int?) {
    let answer = read(
      VoiceResponse(inputMode: .voice, inputHandling: InputHandling(speechTimers: .init(complete: stated))),
      completeTimeout: meaning)
    guard case .endTurn(let settings?)? = answer.commands.last else {
      Issue.record("\(answer.commands)")
      return
    }
    #expect(settings.endSilence == counts)
  }

  @Test("the bounds of the caller's turn are no answer, though they come as final responses")
  func bounds() {
    let start = read(VoiceResponse(events: [.init(.startOfInput)]))
    #expect(start.bound == .start && start.commands.isEmpty && !start.isComplete)
    let end = read(VoiceResponse(.chunk, events: [.init(.endOfInput)]))
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
    #expect(read(response).isLeave)
    #expect(phrases(VoiceResponse(events: [.init(.sessionEnd)])) == ["end"])
  }

  @Test("an event of the flow, and a word that the caller was not understood, end the turn")
  func events() {
    #expect(phrases(VoiceResponse(events: [.init(.custom, name: "e")])) == ["event e", "sensitive false", "end turn"])
    #expect(phrases(VoiceResponse(events: [.init(.noMatch)])) == ["sensitive false", "end turn"])
  }

  @Test("how the caller shall be listened to")
  func settings() {
    let answer = read(
      VoiceResponse(
        isInputSensitive: true, inputMode: .voiceAndDTMF,
        inputHandling: InputHandling(
          dtmf: .init(interDigitTimeout: 2000, terminator: .star, length: 4),
          speechTimers: .init(maximumSpeech: 9000, complete: 600, noInput: 5000))))
    guard case .sensitive(true)? = answer.commands.first, case .endTurn(let settings?)? = answer.commands.last else {
      Issue.record("\(answer.commands)")
      return
    }
    #expect(
      settings
        == BotInputSettings(
          mode: .voiceAndDigits, digitCount: 4, terminator: "*", interDigitTimeout: 2000, noInputTimeout: 5000,
          endSilence: 600, maximumSpeech: 9000))
  }
}
