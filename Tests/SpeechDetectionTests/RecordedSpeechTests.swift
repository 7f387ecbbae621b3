import AudioCodecs
import SpeechDetection
import Testing

@Suite(.enabled(if: !RecordedSpeech.all.isEmpty, "needs the recordings of asterisk-core-sounds-en-wav"))
struct RecordedSpeechTests {
  /// How far decisions were from the truth, in milliseconds.
  private struct Timing: CustomStringConvertible {
    /// From the start of speech to the decision.
    var starts: [Int] = []
    /// From the end of speech plus the end silence to the decision.
    var ends: [Int] = []
    var wrongCounts: [String] = []
    var lateStarts: [String] = []
    var wrongEnds: [String] = []

    private func spread(_ values: [Int]) -> String {
      let sorted = values.sorted()
      guard let least = sorted.first, let most = sorted.last else { return "none" }
      func at(_ share: Double) -> Int { sorted[Int(share * Double(sorted.count - 1))] }
      return "\(least) / \(at(0.05)) / \(at(0.5)) / \(at(0.95)) / \(most)"
    }

    var description: String {
      """
      \(starts.count) recordings; ms, least / 5 % / median / 95 % / most: start decided after speech \(spread(starts)), \
      end decided after the end silence \(spread(ends)); late starts \(lateStarts), wrong ends \(wrongEnds), \
      not one turn \(wrongCounts)
      """
    }
  }

  private func measure(
    _ recordings: [RecordedSpeech], through encoding: AudioEncoding, settings: EndpointingSettings = .init(),
    treat: ([Int16]) -> [Int16] = { $0 }
  ) async throws -> Timing {
    var timing = Timing()
    let before = 2000
    for recording in recordings {
      // Tests that wait for a clock share these threads.
      await Task.yield()
      let silence = [Int16](repeating: 0, count: before * 8)
      let samples = treat(silence + recording.samples + silence)
      let heard = encoding.decode(encoding.encode(samples))
      let speech = CallerSpeech(detector: try RecurrentDetector(), settings: settings)
      // As in a call: a prompt plays at first, and is over when the caller speaks.
      speech.isPromptPlaying = true
      let greeting = speech.feed(Array(heard.prefix(12_000)), chunks: { 600 }, finishes: false).decisions
      speech.isPromptPlaying = false
      let decisions = greeting + speech.feed(Array(heard.dropFirst(12_000)), chunks: { 600 }).decisions
      guard decisions.count == 2, case .started(_, let started) = decisions[0],
        case .ended(_, let ended, _) = decisions[1]
      else {
        timing.wrongCounts.append(recording.name)
        continue
      }
      let start = started - before - recording.speech.lowerBound
      let end = ended - before - recording.speech.upperBound - settings.endSilence
      timing.starts.append(start)
      timing.ends.append(end)
      if !(-60...250).contains(start) { timing.lateStarts.append("\(recording.name) \(start)") }
      if abs(end) > 100 { timing.wrongEnds.append("\(recording.name) \(end)") }
    }
    return timing
  }

  /// Starts are in time but for one in a hundred, whose first sound is a soft hiss, and so are ends but for three in a
  /// hundred: where the last sound fades away is not certain to 100 ms.
  private func expectInTime(_ timing: Timing) {
    #expect(timing.wrongCounts.isEmpty)
    #expect(Double(timing.lateStarts.count) <= max(1, 0.01 * Double(timing.starts.count)))
    #expect(timing.starts.allSatisfy { $0 <= 350 })
    #expect(Double(timing.wrongEnds.count) <= max(1, 0.03 * Double(timing.ends.count)))
    #expect(timing.ends.allSatisfy { abs($0) <= 200 })
  }

  // Two of the encodings on one recording in three: what they leave of the audio is nearly the same.
  @Test(
    "Wire 5: recorded speech is one turn, its start decided within 250 ms and its end within 100 ms of the end silence",
    arguments: [AudioEncoding.mulaw, .alaw, .linear16])
  func cleanLine(encoding: AudioEncoding) async throws {
    #expect(RecordedSpeech.withoutPauses.count > 100)
    let recordings = RecordedSpeech.withoutPauses
    let some = recordings.enumerated().filter { $0.offset.isMultiple(of: 3) }.map(\.element)
    let timing = try await measure(encoding == .mulaw ? recordings : some, through: encoding)
    print("clean line, \(encoding.rawValue): \(timing)")
    expectInTime(timing)
  }

  @Test("Wire 5: the end is as exact with another end silence", arguments: [300, 500, 1200])
  func endSilences(milliseconds: Int) async throws {
    let recordings = RecordedSpeech.sample.filter { $0.longestPause <= milliseconds - 150 }
    let timing = try await measure(recordings, through: .mulaw, settings: EndpointingSettings(endSilence: milliseconds))
    print("end silence \(milliseconds): \(timing)")
    #expect(recordings.count > 50)
    expectInTime(timing)
  }

  @Test("Wire 5: a noisy line and a soft voice cost some exactness, not turns", arguments: ["noise", "hum", "soft"])
  func hardLines(kind: String) async throws {
    let recordings = RecordedSpeech.sample.filter { $0.longestPause <= 500 }
    let timing = try await measure(recordings, through: .mulaw) { samples in
      switch kind {
      case "noise": zip(samples, noise(-50, samples: samples.count)).map { Int16(clamping: Int($0) + Int($1)) }
      case "hum":
        samples.enumerated().map { index, sample in
          // 50 Hz at about -43 dBFS.
          let phase = Double(index % 160) / 160
          return Int16(
            clamping: Int(sample)
              + Int(330 * (phase < 0.5 ? 8 * phase * (1 - 2 * phase) : -8 * (phase - 0.5) * (2 - 2 * phase))))
        }
      default: samples.map { $0 / 10 }
      }
    }
    print("\(kind): \(timing)")
    let count = Double(recordings.count)
    #expect(Double(timing.wrongCounts.count) <= 0.02 * count)
    #expect(Double(timing.lateStarts.count) <= 0.05 * count)
    // Of a soft voice the last sounds are at the level of the line: the turn ends up to a quarter of a second early.
    #expect(timing.ends.allSatisfy { $0 > -350 && $0 < 200 })
  }

  @Test("Wire 5: pauses as long as the end silence part the turns, shorter ones do not")
  func pauses() throws {
    var random = Lehmer(state: 2)
    let phrases = RecordedSpeech.withoutPauses.filter { $0.longestPause <= 400 }
    // Where a phrase ends softly its pause is longer than it was made.
    var parted: [String] = []
    for _ in 0..<20 {
      guard let first = phrases.randomElement(using: &random), let second = phrases.randomElement(using: &random) else {
        return
      }
      for (pause, turns) in [(500, 1), (900, 2)] {
        let samples =
          [Int16](repeating: 0, count: 8000)
          + first.samples[(first.speech.lowerBound * 8)..<(first.speech.upperBound * 8)]
          + [Int16](repeating: 0, count: pause * 8)
          + second.samples[(second.speech.lowerBound * 8)..<(second.speech.upperBound * 8)]
          + [Int16](repeating: 0, count: 8000)
        let speech = CallerSpeech(detector: try RecurrentDetector())
        let decisions = speech.feed(samples).decisions
        if turns == 1, decisions.count == 4 {
          parted.append("\(first) and \(second)")
        } else {
          #expect(decisions.count == 2 * turns, "\(first) and \(second), \(pause) ms apart")
        }
      }
    }
    #expect(parted.count <= 1, "\(parted)")
  }

  @Test("Wire 4: however a client cuts its audio, the decisions are the same", arguments: [1, 37, 160, 800, 65_536])
  func chunking(size: Int) throws {
    for recording in RecordedSpeech.all.prefix(10) {
      let samples = [Int16](repeating: 0, count: 8000) + recording.samples + [Int16](repeating: 0, count: 8000)
      let expected = CallerSpeech(detector: try RecurrentDetector()).feed(samples, chunks: { 160 })
      let result = CallerSpeech(detector: try RecurrentDetector()).feed(samples, chunks: { size })
      #expect(result.decisions == expected.decisions)
      #expect(result.utterances.map(\.samples) == expected.utterances.map(\.samples))
    }
  }

  @Test("Speech at 16,000 Hz is found as at 8,000")
  func wideband() throws {
    for recording in RecordedSpeech.withoutPauses.prefix(20) {
      let silence = [Int16](repeating: 0, count: 8000)
      let samples = try Resampler.resample(silence + recording.samples + silence, from: 8000, to: 16000)
      let decisions = CallerSpeech(detector: try RecurrentDetector(sampleRate: 16000)).feed(samples).decisions
      guard decisions.count == 2, case .started(_, let started) = decisions[0],
        case .ended(_, let ended, _) = decisions[1]
      else {
        Issue.record("\(recording): \(decisions)")
        continue
      }
      #expect((0...250).contains(started - 1000 - recording.speech.lowerBound))
      #expect(abs(ended - 1000 - recording.speech.upperBound - 700) <= 150)
    }
  }

  @Test("somebody who speaks in a line's first sample is no part of the line", arguments: [false, true])
  func speaksAtOnce(prompt: Bool) throws {
    let recordings = RecordedSpeech.sample.filter { $0.longestPause <= 400 && $0.samples.count < 40_000 }.prefix(40)
    let settings = EndpointingSettings(minimumSpeech: prompt ? 300 : 100)
    var unheard: [String] = []
    for recording in recordings {
      let samples = recording.samples[(recording.speech.lowerBound * 8)..<(recording.speech.upperBound * 8)]
      let speech = CallerSpeech(detector: try RecurrentDetector(), settings: settings)
      speech.isPromptPlaying = prompt
      let decisions = speech.feed(Array(samples) + [Int16](repeating: 0, count: 8000)).decisions
      guard case .started(_, let decided)? = decisions.first, prompt || decided <= 350 else {
        unheard.append(recording.name)
        continue
      }
    }
    #expect(unheard.count <= 1, "\(unheard)")
  }
}
