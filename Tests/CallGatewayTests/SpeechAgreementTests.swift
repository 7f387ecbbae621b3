import AudioCodecs
import BotEngine
import Foundation
import SpeechDetection
import Testing
import WebexProtocol

@testable import CallGateway

/// A call on the gateway and the pipeline of `patchbay speech detect` hear the same frames and the same prompts.
@Suite("The gateway finds speech where the command finds it")
struct SpeechAgreementTests {
  /// Samples at 8 kHz of a recording of the demo voice.
  private static func recording(_ name: String) throws -> [Int16] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CDemoVoice/Voice")
    let bytes = try Data(contentsOf: folder.appending(path: "\(name).wav"))
    return try WAVFile(parsing: Array(bytes)).samples(at: 8000)
  }

  /// A line of 30 s with noise from its first sample on, and the caller's voice on it, over the greeting too.
  private static func line(noise level: Double, gain: Double) throws -> [UInt8] {
    var state: UInt64 = 7
    var samples = (0..<240_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((Double(state >> 33) / Double(UInt32.max >> 1) * 2 - 1) * level)
    }
    let voices = [
      ("you-pressed", 2.0), ("transfer", 5.3), ("event-received", 12.13), ("digit-7", 17), ("good-bye", 22.4),
    ]
    for (name, second) in voices {
      for (index, sample) in try recording(name).enumerated() {
        samples[Int(second * 8000) + index] += Int(Double(sample) * gain)
      }
    }
    return AudioEncoding.mulaw.encode(samples.map { Int16(clamping: $0) })
  }

  @Test(
    "to the millisecond, through prompts, interruptions and several turns",
    arguments: [(0.0, 1.0), (30, 1), (30, 0.2), (300, 1)])
  func sameDecisions(noise: Double, gain: Double) throws {
    let line = try Self.line(noise: noise, gain: gain)
    let test = try TestGateway(conversation: .init(mode: .chunk))
    let reference = CallerSpeech(detector: try RecurrentDetector())
    var expected: [String] = []
    // The caller hears four seconds at first and one after each turn, unless interrupted.
    var clock = Duration.zero, playingUntil = Duration.seconds(4)
    func say(_ seconds: Int) {
      test.bot(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 8000 * seconds)))), .endTurn(nil))
    }
    let greeting = try test.call()
    greeting.send(message: VoiceRequest.start)
    say(4)
    greeting.halfClose()
    greeting.end(.completed)

    var rpc = try test.call()
    for start in stride(from: 0, to: line.count, by: 160) {
      let frame = Array(line[start..<start + 160])
      let isPlaying = clock < playingUntil
      reference.isPromptPlaying = isPlaying
      reference.settings.minimumSpeech = isPlaying ? 300 : 100
      let samples = AudioEncoding.mulaw.decode(frame)
      var hasEnded = false
      samples.withUnsafeBufferPointer { samples in
        reference.process(samples) { output in
          guard case .decision(let decision) = output else { return }
          switch decision {
          case .started(let at, _):
            playingUntil = min(playingUntil, clock)
            expected.append("\(CallerEvent.speechStarted(offset: at))")
          case .paused, .resumed: break
          case .ended(let at, _, _):
            hasEnded = true
            expected.append("\(CallerEvent.speechEnded(offset: at))")
          }
        }
      }
      rpc.send(message: VoiceRequest.of(.audio(.init(bytes: frame, encoding: .mulaw, sampleRate: 8000))))
      let heard = test.bot.heard.filter { $0.hasPrefix("speech") }
      try #require(heard == expected, "after \(clock)")
      if hasEnded {
        say(1)
        playingUntil = max(playingUntil, clock) + .seconds(1)
        rpc.halfClose()
        rpc.end(.completed)
        rpc = try test.call()
      }
      test.advance(by: .milliseconds(20))
      clock += .milliseconds(20)
    }
    // Speech over the greeting is there, and so is what followed.
    #expect(expected.count >= 8)
  }
}
