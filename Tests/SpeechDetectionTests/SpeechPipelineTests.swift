import AudioCodecs
import SpeechDetection
import Testing

@Suite struct SpeechPipelineTests {
  private typealias Pipeline = SpeechPipeline<FakeDetector>

  /// Samples that tell their own place; zeros where nobody speaks.
  private static func stream(_ frames: Frames, frameLength: Int = 160) -> [Int16] {
    frames.flags.enumerated().flatMap { index, isSpeech in
      (0..<frameLength).map { isSpeech ? Int16((index * frameLength + $0) % 30_000 + 1) : 0 }
    }
  }

  @Test("Wire 5: the bot gets the pre-roll, all speech and the silence up to the decision, without a gap")
  func preroll() {
    let samples = Self.stream("50. 30# 40. 20.")
    let result = Pipeline(detector: FakeDetector()).feed(samples)
    #expect(
      result.decisions == [
        .started(at: 1000, decidedAt: 1100), .ended(at: 1600, decidedAt: 2300, reason: .silence),
      ])
    #expect(result.utterances.count == 1)
    #expect(result.utterances.first?.at == 600)
    #expect(result.utterances.first?.samples == Array(samples[(600 * 8)..<(2300 * 8)]))
  }

  @Test("The pre-roll is what there is, where the stream has only just begun or the last turn has only just ended")
  func shortPreroll() {
    let samples = Self.stream("5. 10# 35. 3. 10# 35.")
    let result = Pipeline(detector: FakeDetector()).feed(samples)
    #expect(result.utterances.map(\.at) == [0, 1000])
    #expect(result.utterances.flatMap(\.samples) == Array(samples[..<(1960 * 8)]))
  }

  @Test("What was heard before a rest is not given out after it, but within a turn nothing is forgotten")
  func rest() {
    let samples = Self.stream("50. 30# 40. 20.")
    let pipeline = Pipeline(detector: FakeDetector())
    let before = pipeline.feed(Array(samples[..<(900 * 8)]), finishes: false)
    pipeline.rest()
    var result = pipeline.feed(Array(samples[(900 * 8)..<(1200 * 8)]), finishes: false)
    #expect(before.utterances.isEmpty)
    #expect(result.decisions == [.started(at: 1000, decidedAt: 1100)])
    #expect(result.utterances.first?.at == 900)
    #expect(result.utterances.flatMap(\.samples) == Array(samples[(900 * 8)..<(1200 * 8)]))
    pipeline.rest()
    result = pipeline.feed(Array(samples[(1200 * 8)...]))
    #expect(result.decisions == [.ended(at: 1600, decidedAt: 2300, reason: .silence)])
    #expect(result.utterances.flatMap(\.samples) == Array(samples[(1200 * 8)..<(2300 * 8)]))
  }

  @Test("A longest first word with gaps still has its whole pre-roll", arguments: [100, 300, 1000])
  func longestDecision(minimum: Int) {
    let settings = EndpointingSettings(minimumSpeech: minimum)
    let needed = minimum / 20
    let gap = (Endpointer.longestDecision(for: settings) - minimum) / 20
    let samples = Self.stream(Frames(stringLiteral: "100. 1# \(gap). \(needed - 1)# 5."))
    let result = Pipeline(detector: FakeDetector(), settings: settings).feed(samples)
    #expect(
      result.decisions.first
        == .started(at: 2000, decidedAt: 2000 + Endpointer.longestDecision(for: settings) / 20 * 20))
    #expect(result.utterances.first?.at == 1600)
    #expect(result.utterances.first?.samples.count == samples.count - 1600 * 8)
  }

  @Test("Wire 4: the same stream gives the same decisions and samples, however it is cut")
  func chunking() {
    var random = Lehmer(state: 3)
    let samples = Self.stream("50. 30# 20. 1# 10. 30# 60. 3# 50. 200# 40.") + [1, 2, 3]
    let expected = Pipeline(detector: FakeDetector()).feed(samples)
    #expect(expected.decisions.count == 4)
    for size in [1, 7, 80, 159, 161, 600, 8000, 65_536] {
      let result = Pipeline(detector: FakeDetector()).feed(samples, chunks: { size })
      #expect(result.decisions == expected.decisions, "chunks of \(size)")
      #expect(result.utterances.map(\.at) == expected.utterances.map(\.at))
      #expect(result.utterances.map(\.samples) == expected.utterances.map(\.samples))
    }
    for _ in 0..<20 {
      let result = Pipeline(detector: FakeDetector()).feed(
        samples, chunks: { Int.random(in: 0...700, using: &random) })
      #expect(result.decisions == expected.decisions)
    }
  }

  @Test("Wire 5: while it does not listen, as during a key entry, nothing is detected and time passes")
  func notListening() {
    let pipeline = Pipeline(detector: FakeDetector())
    pipeline.isListening = false
    #expect(pipeline.feed(Self.stream("10. 50# 10."), finishes: false).decisions.isEmpty)
    pipeline.isListening = true
    #expect(pipeline.position == 1400)
    let result = pipeline.feed(Self.stream("10. 50# 40."))
    #expect(result.decisions.first == .started(at: 1600, decidedAt: 1700))
    #expect(result.utterances.first?.at == 1400)
  }

  @Test("Speech that was under way is forgotten when it stops listening, or is reset")
  func forgetting() {
    for stop in [{ (pipeline: Pipeline) in pipeline.isListening = false }, { $0.reset() }] {
      let pipeline = Pipeline(detector: FakeDetector())
      #expect(pipeline.feed(Self.stream("10. 50#"), finishes: false).decisions.count == 1)
      #expect(pipeline.isSpeaking)
      stop(pipeline)
      #expect(!pipeline.isSpeaking)
      pipeline.isListening = true
      #expect(pipeline.feed(Self.stream("100.")).decisions.isEmpty)
    }
  }

  @Test("A stream may begin at any time of a call")
  func position() {
    let pipeline = Pipeline(detector: FakeDetector(), position: 60_000)
    let result = pipeline.feed(Self.stream("10. 10# 40."))
    #expect(
      result.decisions == [
        .started(at: 60_200, decidedAt: 60_300), .ended(at: 60_400, decidedAt: 61_100, reason: .silence),
      ])
  }

  @Test("Settings hold from the moment they change, in the middle of speech too")
  func settings() {
    let pipeline = Pipeline(detector: FakeDetector())
    _ = pipeline.feed(Self.stream("10. 10#"), finishes: false)
    pipeline.settings.endSilence = 1500
    pipeline.settings.preroll = 0
    #expect(
      pipeline.feed(Self.stream("80."), finishes: false).decisions
        == [.ended(at: 400, decidedAt: 1900, reason: .silence)])
    let next = pipeline.feed(Self.stream("10. 10#"), finishes: false)
    #expect(next.utterances.first?.at == 2200)
  }

  @Test("At 16,000 Hz the times are the same")
  func wideband() {
    let detector = FakeDetector(sampleRate: 16000, frameLength: 320)
    let samples = Self.stream("50. 30# 40.", frameLength: 320)
    let result = Pipeline(detector: detector).feed(samples, chunks: { 333 })
    #expect(
      result.decisions == [
        .started(at: 1000, decidedAt: 1100), .ended(at: 1600, decidedAt: 2300, reason: .silence),
      ])
    #expect(result.utterances.first?.samples == Array(samples[(600 * 16)..<(2300 * 16)]))
  }

  @Test("The end of the stream ends speech, with the samples that did not fill a frame")
  func endOfStream() {
    let samples = Self.stream("10. 10#") + [5, 6, 7, 8, 9, 10, 11, 12]
    let result = Pipeline(detector: FakeDetector()).feed(samples)
    #expect(result.decisions.last == .ended(at: 400, decidedAt: 401, reason: .endOfStream))
    #expect(result.utterances.first?.samples == samples)
  }
}

@Suite struct PreRollTests {
  @Test("It keeps the last samples, whatever the pieces they came in")
  func lastSamples() {
    var random = Lehmer(state: 5)
    for capacity in [0, 1, 7, 100] {
      var preroll = PreRoll(capacity: capacity)
      var all: [Int16] = []
      for _ in 0..<200 {
        let piece = (0..<Int.random(in: 0...30, using: &random)).map { _ in Int16.random(in: -9...9, using: &random) }
        piece.withUnsafeBufferPointer { preroll.append($0) }
        all += piece
        for length in [0, 1, capacity / 2, capacity, capacity + 5] {
          var last: [Int16] = []
          preroll.withLast(length) { last += $0 }
          #expect(last == Array(all.suffix(min(length, capacity))))
        }
      }
    }
  }

  @Test("Of another size, it keeps the last samples that fit")
  func resizing() {
    var preroll = PreRoll(capacity: 4)
    ([1, 2, 3, 4, 5, 6] as [Int16]).withUnsafeBufferPointer { preroll.append($0) }
    preroll.resize(to: 2)
    var last: [Int16] = []
    preroll.withLast(9) { last += $0 }
    #expect(last == [5, 6])
    preroll.resize(to: 9)
    preroll.reset()
    #expect(preroll.count == 0 && preroll.capacity == 9)
  }
}
