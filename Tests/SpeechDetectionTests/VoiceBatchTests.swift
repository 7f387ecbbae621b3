import AudioCodecs
import SpeechDetection
import Testing

@Suite("Many callers' frames judged at once", .enabled(if: !RecordedSpeech.all.isEmpty, "needs the recordings"))
struct VoiceBatchTests {
  private static func decisions(in output: CallerSpeech.Output) -> SpeechDecision? {
    if case .decision(let decision) = output { decision } else { nil }
  }

  private static let listening = CallerSpeech.Listening(
    isListening: true, isPromptPlaying: false, watchesOnset: false, minimumSpeech: 100)

  @Test("The same is decided of recorded speech as of each recording alone, in frames and in pieces of any size")
  func decisions() throws {
    let recordings = Array(RecordedSpeech.sample.prefix(30))
    let lines = recordings.enumerated().map { index, recording in
      // Each begins at another time, and ends at another.
      [Int16](repeating: 0, count: 8000 + index * 480) + recording.samples + [Int16](repeating: 0, count: 16_000)
    }
    let expected = try lines.map { line in
      let speech = CallerSpeech(detector: try RecurrentDetector())
      return speech.feed(line, chunks: { 160 }, finishes: false).decisions
    }
    let speeches = try lines.map { _ in CallerSpeech(detector: try RecurrentDetector()) }
    var found = [[SpeechDecision]](repeating: [], count: lines.count), batch = VoiceBatch(), waited = 0
    var rest = lines.map { $0[...] }
    while rest.contains(where: { !$0.isEmpty }) {
      for (index, speech) in speeches.enumerated() where !rest[index].isEmpty {
        // Some send messages of 20 ms, some of 10, 30 and 50.
        let piece = Array(rest[index].prefix([160, 80, 160, 240, 400][index % 5]))
        rest[index] = rest[index].dropFirst(piece.count)
        piece.withUnsafeBufferPointer { samples in
          speech.hear(samples, companded: nil, now: .zero, as: Self.listening) {
            if let decision = Self.decisions(in: $0) { found[index].append(decision) }
          }
        }
        waited += speech.isWaiting ? 1 : 0
        batch.add(speech)
      }
      batch.judge()
      // Some go on at once, some with their next piece.
      for (index, speech) in speeches.enumerated() where index % 4 != 0 {
        speech.hearOut { if let decision = Self.decisions(in: $0) { found[index].append(decision) } }
        #expect(!speech.isWaiting)
      }
    }
    for (index, speech) in speeches.enumerated() {
      speech.hearOut { if let decision = Self.decisions(in: $0) { found[index].append(decision) } }
    }
    #expect(waited > 5000)
    #expect(found == expected)
    #expect(found.allSatisfy { $0.count >= 2 })
  }

  @Test("A stream without a frame that waits is left out, and one that was added twice is judged once")
  func strange() throws {
    let speech = CallerSpeech(detector: try RecurrentDetector()),
      other = CallerSpeech(detector: try RecurrentDetector())
    let frame = [Int16](repeating: 1000, count: 160)
    var batch = VoiceBatch()
    batch.add(speech)
    batch.judge()
    for one in [speech, other] {
      frame.withUnsafeBufferPointer { one.hear($0, companded: nil, now: .zero, as: Self.listening) { _ in } }
    }
    batch.add(speech)
    batch.judge()
    batch.add(speech)
    batch.judge()
    #expect(speech.isWaiting && other.isWaiting)
    for one in [speech, other] { one.hearOut { _ in } }
    // They have heard the same, and go on alike.
    let line = RecordedSpeech.all[0].samples
    let one = speech.feed(line, chunks: { 160 }).decisions, another = other.feed(line, chunks: { 160 }).decisions
    #expect(one == another && !one.isEmpty)
  }
}
