import AudioCodecs
import BotEngine
import Foundation
import SpeechDetection
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("The bot says what it expects, and the end of the caller's turn follows")
struct AdaptiveTurnTests {
  /// Two groups of two digits with 800 ms between them, and two seconds of silence. Where the first and the last group end,
  /// in milliseconds.
  private static func line() throws -> (audio: [UInt8], first: Int, last: Int) {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CDemoVoice/Voice")
    func digit(_ number: Int) throws -> [Int16] {
      let file = try Data(contentsOf: folder.appending(path: "digit-\(number).wav"))
      let samples = try WAVFile(parsing: Array(file)).samples(at: 8000)
      let first = samples.firstIndex { abs(Int($0)) > 600 } ?? 0
      let last = samples.lastIndex { abs(Int($0)) > 600 } ?? 0
      return Array(samples[first...last])
    }
    func silence(_ milliseconds: Int) -> [Int16] { [Int16](repeating: 0, count: milliseconds * 8) }
    var samples = try silence(400) + digit(4) + silence(60) + digit(5)
    let first = samples.count / 8
    samples += try silence(800) + digit(1) + silence(60) + digit(2)
    return (AudioEncoding.mulaw.encode(samples + silence(2000)), first, samples.count / 8)
  }

  /// When the turn was over, in milliseconds of the line, and how the call's story tells it.
  private func turn(
    expects settings: BotInputSettings?, adaptive: AdaptiveSilence? = AdaptiveSilence()
  ) throws -> (end: Int?, told: CallStory.Entry?) {
    let test = try TestGateway(conversation: .init(mode: .chunk), speech: EndpointingSettings(adaptive: adaptive))
    let greeting = try test.call()
    greeting.send(message: VoiceRequest.start)
    test.bot(.text("Your number?", bargeIn: true), .endTurn(settings))
    greeting.halfClose()
    greeting.end(.completed)
    let rpc = try test.call()
    let audio = try Self.line().audio
    for start in stride(from: 0, to: audio.count - 159, by: 160) {
      let frame = Array(audio[start..<start + 160])
      rpc.send(message: VoiceRequest.of(.audio(.init(bytes: frame, encoding: .mulaw, sampleRate: 8000))))
      if try rpc.told.contains("endOfInput") {
        return (start / 8 + 20, test.gateway.statuses.first?.timeline.entries.last { $0.kind == .turn })
      }
      test.advance(by: .milliseconds(20))
    }
    return (nil, nil)
  }

  @Test("digits are one turn, the gap between two groups being longer than the end silence")
  func digits() throws {
    let line = try Self.line()
    let told = try turn(expects: BotInputSettings(digitCount: 4, expects: .digits))
    let end = try #require(told.end)
    #expect(end > line.last && end < line.last + 700, "\(end) after \(line.last)")
    #expect(told.told?.because?.hasPrefix("digits") == true && told.told?.silence.map { $0 < 700 } == true)
  }

  @Test("without a word of the bot's, with a silence of its own, and without bounds, it is the plain end silence")
  func plain() throws {
    let line = try Self.line()
    for (settings, adaptive, silence, because) in [
      (nil, AdaptiveSilence(), 700, "end_silence"),
      (BotInputSettings(endSilence: 600, expects: .digits), AdaptiveSilence(), 600, "bots_end_silence"),
      (BotInputSettings(digitCount: 4, expects: .digits), nil, 700, "end_silence"),
    ] as [(BotInputSettings?, AdaptiveSilence?, Int, String)] {
      let told = try turn(expects: settings, adaptive: adaptive)
      let end = try #require(told.end)
      #expect(abs(end - line.first - silence) <= 150, "\(end) after \(line.first)")
      #expect(told.told?.silence == silence && told.told?.because == because)
    }
  }
}
