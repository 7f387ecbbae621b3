import ArgumentParser
import Basics
import SpeechDetection

/// Audio that is heard as a call's is, with what is expected of the caller from a time on.
struct SpeechRun {
  /// What is expected from a time of the audio on.
  struct Expectation: Sendable {
    /// In milliseconds.
    var from: Int
    var what: ExpectedSpeech
  }

  private let speech: CallerSpeech
  private var expectations: ArraySlice<Expectation>

  init(
    _ detector: RecurrentDetector, _ settings: EndpointingSettings, expectations: [Expectation], judge: TurnJudge? = nil
  ) {
    speech = CallerSpeech(detector: detector, settings: settings)
    speech.judge = judge
    self.expectations = expectations.sorted { $0.from < $1.from }[...]
  }

  /// Hears more of it. Gives each decision, and where the end silence adapts, what was waited for.
  mutating func process(_ samples: [Int16], _ body: (SpeechDecision, EndSilence?) -> Void) {
    samples.withUnsafeBufferPointer { samples in
      var rest = samples[...]
      while !rest.isEmpty {
        var count = rest.count
        if let next = expectations.first {
          let wait = (next.from - speech.position) * speech.sampleRate / 1000
          if wait <= 0 {
            speech.settings.expected = next.what
            expectations.removeFirst()
            continue
          }
          count = min(count, wait)
        }
        speech.process(UnsafeBufferPointer(rebasing: rest.prefix(count))) { report($0, body) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// There is no more.
  mutating func finish(_ body: (SpeechDecision, EndSilence?) -> Void) { speech.finish { report($0, body) } }

  private func report(_ output: CallerSpeech.Output, _ body: (SpeechDecision, EndSilence?) -> Void) {
    guard case .decision(let decision) = output else { return }
    guard speech.settings.adaptive != nil, case .ended(_, _, reason: .silence) = decision else {
      return body(decision, nil)
    }
    body(decision, speech.lastSilence)
  }

  // MARK: Options

  /// The judge of a file.
  static func judge(_ path: String) throws -> TurnJudge {
    let bytes = try BoundedFile.read(path, maximum: TurnJudge.maximumBytes)
    do { return try TurnJudge(bytes: bytes) } catch { throw CommandError("'\(path)' cannot be used: \(error).") }
  }

  /// `MIN-MAX`.
  static func bounds(_ text: String) throws -> AdaptiveSilence {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let minimum = parts[0], let maximum = parts[1], minimum <= maximum,
      (100...10_000).contains(minimum), (100...10_000).contains(maximum)
    else { throw ValidationError("write two numbers of milliseconds from 100 to 10000, as in 250-1500") }
    return AdaptiveSilence(minimum: minimum, maximum: maximum)
  }

  /// `MS=WHAT`.
  static func expectation(_ text: String) throws -> Expectation {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let from = Int(parts[0]), (0...86_400_000).contains(from), let what = expected(parts[1])
    else {
      throw ValidationError(
        "write a time in milliseconds and yes_no, digits, digits:COUNT, address, free or anything, as in 0=digits:6")
    }
    return Expectation(from: from, what: what)
  }

  private static func expected(_ word: String) -> ExpectedSpeech? {
    switch word {
    case "anything": .anything
    case "yes_no": .yesNo
    case "digits": .digits(count: nil)
    case "address": .address
    case "free": .free
    default:
      word.hasPrefix("digits:")
        ? Int(word.dropFirst("digits:".count)).flatMap { (1...128).contains($0) ? .digits(count: $0) : nil } : nil
    }
  }
}
