import AudioCodecs
import SpeechDetection
import Testing

@Suite(
  "Speech that comes as Opus", .enabled(if: !RecordedSpeech.all.isEmpty, "needs asterisk-core-sounds-en-wav"))
struct OpusSpeechTests {
  private static let rate = 8000

  private func packets(_ samples: [Int16], discontinuous: Bool = false) throws -> [[UInt8]] {
    var settings = OpusEncoder.Settings()
    settings.errorCorrection = true
    settings.expectedLoss = 5
    settings.discontinuous = discontinuous
    let encoder = try OpusEncoder(sampleRate: Self.rate, settings: settings)
    return stride(from: 0, through: samples.count - 160, by: 160).compactMap { encoder.encode(samples[$0..<$0 + 160]) }
  }

  /// What a pipeline hears of packets of which some are lost; what is left out is silence.
  private func heard(_ packets: [[UInt8]], isLost: (Int) -> Bool) throws -> [Int16] {
    let stream = try OpusStream(sampleRate: Self.rate)
    var samples: [Int16] = []
    var lost = 0
    for (index, packet) in packets.enumerated() {
      if isLost(index) {
        lost += 1
        continue
      }
      packet.withUnsafeBytes { bytes in
        stream.decode(bytes, lost: lost) { output in
          switch output {
          case .samples(let piece, _): samples += piece
          case .skip(let count): samples += [Int16](repeating: 0, count: count)
          }
        }
      }
      lost = 0
    }
    return samples
  }

  /// When the first start of speech is decided, in milliseconds of the stream.
  private func onset(_ samples: [Int16]) throws -> Int? {
    let speech = CallerSpeech(detector: try RecurrentDetector(), settings: .init())
    for case .started(_, let decided) in speech.feed(samples, chunks: { 160 }).decisions { return decided }
    return nil
  }

  @Test("A8: begins no more than 40 ms earlier or later where 5 % of the packets are lost")
  func onsetShift() throws {
    var state: UInt64 = 5
    var shifts: [Int] = []
    for recording in RecordedSpeech.sample.prefix(60) {
      let silence = [Int16](repeating: 0, count: 8000)
      let sent = try packets(silence + recording.samples.prefix(24_000) + silence)
      let whole = try onset(heard(sent) { _ in false })
      let lossy = try onset(
        heard(sent) { index in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return index > 0 && index < sent.count - 1 && (state >> 33) % 100 < 5
        })
      guard let whole, let lossy else {
        Issue.record("\(recording.name): no speech")
        continue
      }
      shifts.append(lossy - whole)
    }
    #expect(shifts.allSatisfy { abs($0) <= 40 }, "\(shifts.filter { $0 != 0 })")
    #expect(shifts.count >= 10)
  }

  @Test("A8: is not heard in what the sender does not send, nor in what is made up of a loss")
  func silence() throws {
    let recording = try #require(RecordedSpeech.sample.first)
    let pause = [Int16](repeating: 0, count: 32_000)
    let sent = try packets(recording.samples + pause, discontinuous: true)
    // The words come, the pause is lost.
    let words = recording.samples.count / 160
    let samples = try heard(sent) { $0 > words && $0 < sent.count - 1 }
    let speech = CallerSpeech(detector: try RecurrentDetector(), settings: .init())
    let starts = speech.feed(samples, chunks: { 160 }).decisions.compactMap {
      if case .started(let at, _) = $0 { at } else { nil }
    }
    #expect(starts.allSatisfy { $0 < recording.samples.count / 8 })
  }
}
