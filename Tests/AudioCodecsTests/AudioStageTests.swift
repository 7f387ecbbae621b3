import AudioCodecs
import Testing

@Suite("A pipeline of stages")
struct AudioStageTests {
  private final class Collected { var samples: [Int16] = [] }

  @Test("names itself in one line; a stage that has nothing to do is not named")
  func names() throws {
    let end = SinkStage("detector") { _ in }
    #expect(try ResamplingStage(from: 8000, to: 16000, next: end).chain == "resample 16k → detector")
    #expect(try ResamplingStage(from: 8000, to: 8000, next: end).chain == "detector")
    let two = try ResamplingStage(from: 48000, to: 16000, next: ResamplingStage(from: 16000, to: 8000, next: end))
    #expect(two.chain == "resample 16k → resample 8k → detector")
    #expect(AudioFormat.telephone.stageName == "mulaw 8k")
    let decoder = CallerAudioDecoder(defaults: AudioFormat(encoding: .linear16, sampleRate: 48_000))
    #expect(decoder.names == ["linear16 48k", "resample 16k"])
    let kept = CallerAudioDecoder(defaults: decoder.format, keepsRate: true)
    #expect(kept.names == ["linear16 48k"])
    #expect(kept.sampleRate == 48_000)
  }

  @Test(
    "hands on what one resampler makes of the whole, whatever the pieces",
    arguments: [8000, 16000, 24000, 48000], [8000, 16000, 24000, 48000])
  func pieces(from: Int, to: Int) throws {
    let signal = tone(440, at: from, samples: from)
    let collected = Collected()
    var stage = try ResamplingStage(from: from, to: to, next: SinkStage("end") { collected.samples += $0 })
    var random = Lehmer(state: 11)
    var start = 0
    while start < signal.count {
      let end = min(signal.count, start + Int.random(in: 1...3000, using: &random))
      signal.withUnsafeBufferPointer { stage.process(UnsafeBufferPointer(rebasing: $0[start..<end])) }
      start = end
    }
    let whole = from == to ? signal : try Resampler(from: from, to: to).process(signal)
    #expect(collected.samples == whole)
  }
}
