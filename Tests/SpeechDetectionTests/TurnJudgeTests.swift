import CVoiceModel
import Testing

@testable import SpeechDetection

@Suite("A learned judge of whether a turn is over") struct TurnJudgeTests {
  private static let magic = Array("patchbay turn judge 1\n".utf8)

  /// The file of a judge who thinks so of everything: a logit.
  private static func file(_ logit: Float, weights: Int = Int(TURN_JUDGE_WEIGHTS)) -> [UInt8] {
    let values = [Float](repeating: 0, count: weights - 1) + [logit]
    return magic + values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
  }

  @Test("a file is read, and one that is none is refused with what is wrong")
  func file() throws {
    var memory = TurnMemory()
    #expect(try TurnJudge(bytes: Self.file(0)).probability(after: &memory) == 0.5)
    #expect(abs(try TurnJudge(bytes: Self.file(2)).probability(after: &memory) - 0.8808) < 0.001)
    func problem(_ bytes: [UInt8]) -> String {
      do { return "\(try TurnJudge(bytes: bytes))" } catch { return error.description }
    }
    #expect(problem([]).contains("not a judge's file"))
    #expect(problem(Array(Self.magic.dropLast())).contains("not a judge's file"))
    #expect(problem(Self.magic).contains("0 bytes of weights where 4676 belong"))
    #expect(problem(Self.file(0) + [0]).contains("4677 bytes"))
    #expect(problem(Self.file(.nan)).contains("not a number"))
    #expect(problem(Self.file(.infinity)).contains("not a number"))
  }

  @Test("what is said is remembered, and silence changes nothing of it")
  func memory() throws {
    let model = try #require(voice_model_create())
    defer { voice_model_free(model) }
    var memory = TurnMemory()
    func means() -> [Float] { withUnsafeBytes(of: memory.means) { Array($0.bindMemory(to: Float.self)) } }
    let frame = noise(-20, samples: 160)
    frame.withUnsafeBufferPointer { if let start = $0.baseAddress { _ = voice_model_hear(model, start, false) } }
    turn_memory_hear(&memory, model, 0.49)
    turn_memory_hear(&memory, model, .nan)
    #expect(means().allSatisfy { $0 == 0 })
    turn_memory_hear(&memory, model, 0.9)
    let once = means()
    #expect(once.count == Int(TURN_JUDGE_INPUTS) && once.contains { $0 != 0 })
    // The mean over 8 frames has moved by so much more than the one over 50.
    for unit in 0..<Int(TURN_JUDGE_UNITS) {
      #expect(abs(once[unit] / 50 - once[Int(TURN_JUDGE_UNITS) + unit] / 8) < 1e-5)
    }
  }

  @Test(
    "its word shortens and lengthens a silence that adapts, and no other",
    arguments: [(Float(4), 362, "judge"), (-4, 1037, "judge"), (0.1, 700, "end_silence")])
  func silence(logit: Float, expected: Int, because: String) throws {
    var memory = TurnMemory()
    let judged = try TurnJudge(bytes: Self.file(logit)).probability(after: &memory)
    let adaptive = EndpointingSettings(adaptive: AdaptiveSilence())
    let silence = TurnRhythm().silence(adaptive, judged: judged)
    #expect(abs(silence.milliseconds - expected) <= 2, "\(silence)")
    #expect(silence.reasons.text == because)
    #expect(TurnRhythm().silence(EndpointingSettings(), judged: judged).milliseconds == 700)
    // A number is as long as it is.
    var digits = adaptive
    digits.expected = .digits(count: 8)
    #expect(TurnRhythm().silence(digits, judged: judged) == TurnRhythm().silence(digits))
    // Within the bounds, whatever it says.
    let bounds = EndpointingSettings(adaptive: AdaptiveSilence(minimum: 500, maximum: 800))
    #expect((500...800).contains(TurnRhythm().silence(bounds, judged: judged).milliseconds))
  }

  @Test("a line's detector asks it in the silences of a turn")
  func line() throws {
    func ended(_ logit: Float?) throws -> [Int] {
      let speech = CallerSpeech(
        detector: try RecurrentDetector(), settings: EndpointingSettings(adaptive: AdaptiveSilence()))
      speech.judge = try logit.map { try TurnJudge(bytes: Self.file($0)) }
      var phase = 0.0
      let vowel = (0..<8000).map { index in
        phase += 140.0 / 8000 * (1 + 0.1 * (Double(index / 800 % 7) - 3) / 3)
        return Int16((1 - 2 * (phase - phase.rounded(.down))) * 3000)
      }
      let silent = [Int16](repeating: 0, count: 16_000)
      return speech.feed(silent + vowel + silent).decisions.compactMap {
        if case .ended(let at, let decidedAt, .silence) = $0 { decidedAt - at } else { nil }
      }
    }
    let without = try ended(nil)
    #expect(without.count == 1 && without[0] >= 700)
    #expect(try ended(4).first.map { (360...440).contains($0) } == true)
    #expect(try ended(-4).first.map { $0 > 1000 } == true)
  }
}
