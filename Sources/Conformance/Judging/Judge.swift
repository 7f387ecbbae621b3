package import ReplayKit

/// What a case found out about one rule.
package struct Judgement: Sendable, Equatable {
  /// The rule's id.
  package var rule: String
  /// Passed, failed or skipped.
  package var verdict: RuleVerdict
  /// What was seen, or why the rule could not be judged.
  package var seen: String
  /// The messages that show it: time, who, what.
  package var evidence: [String] = []

  static func passed(_ rule: String, _ seen: String = "") -> Self { .init(rule: rule, verdict: .passed, seen: seen) }
  static func failed(_ rule: String, _ seen: String, _ evidence: [String]) -> Self {
    .init(rule: rule, verdict: .failed, seen: seen, evidence: evidence)
  }
  static func skipped(_ rule: String, _ why: String) -> Self { .init(rule: rule, verdict: .skipped, seen: why) }
}

/// Judges a call by the rules: pure, messages and times in, verdicts out.
package struct Judge: Sendable {
  private let call: HeldCall
  private var judgements: [Judgement] = []

  /// The latest START_OF_INPUT after the first sound.
  static let startLimit = Duration.seconds(1)
  /// The latest END_OF_INPUT after the last sound.
  static let endLimit = Duration.seconds(3)
  /// Audio of an interrupted answer that may still come.
  static let oldAudioLimit = Duration.seconds(1)

  /// All that a call tells; rules that it says nothing about are not in the result.
  package static func judgements(of call: HeldCall) -> [Judgement] {
    var judge = Judge(call: call)
    judge.judgeForm()
    judge.judgeFailures()
    for turn in call.caller.turns { judge.judge(turn) }
    judge.judgeHangUp()
    return judge.judgements
  }

  private init(call: HeldCall) { self.call = call }

  private mutating func pass(_ rule: String) {
    if !judgements.contains(where: { $0.rule == rule }) { judgements.append(.passed(rule)) }
  }

  private mutating func fail(_ rule: String, _ seen: String, _ evidence: [String]? = nil) {
    judgements.removeAll { $0.rule == rule && $0.verdict != .failed }
    if judgements.contains(where: { $0.rule == rule }) { return }
    judgements.append(.failed(rule, seen, evidence ?? call.lines()))
  }

  // MARK: Form

  private mutating func judgeForm() {
    var hasFiles = false
    var hasChunks = false
    var hasAnswers = false
    for (index, entry) in call.events.enumerated() {
      switch entry.event {
      case .promptBegins(let length, _): if length == nil { hasChunks = true } else { hasFiles = true }
      case .answer, .transfer, .sessionEnd: hasAnswers = true
      case .violation(let violation): fail(violation.rule, violation.description, call.lines(5, upTo: index))
      default: break
      }
    }
    if hasFiles { pass("prompt.wav") }
    if hasChunks {
      for rule in ["chunk.size", "chunk.raw", "chunk.closing-final", "answer.final-is-last"] { pass(rule) }
    }
    if hasFiles || hasChunks { for rule in ["prompt.audio-or-text", "answer.mode-kept"] { pass(rule) } }
    if hasAnswers { for rule in ["answer.one-final", "answer.input-mode", "rpc.readable"] { pass(rule) } }
  }

  private mutating func judgeFailures() {
    var failures = call.caller.brokenRPCs
    if case .failed(let failure) = call.outcome { failures.append(failure) }
    for failure in failures {
      let broken =
        switch failure.reason {
        case .unreadable: "rpc.readable"
        case .notCompleted: "rpc.completes"
        case .status:
          switch failure.during {
          case .startOfDTMF: "dtmf.start-completes"
          case .sessionEnd: "hang-up.completes"
          case .sessionStart, .audio, .digits, .noInput, .custom: "rpc.status"
          }
        case .noAnswer, .completedWithoutAnswer: rule(of: failure.during)
        }
      fail(broken, failure.description)
    }
  }

  private func rule(of purpose: RPCPurpose) -> String {
    switch purpose {
    case .sessionStart: "greeting.answered"
    case .audio: call.caller.turns.last?.endOfInput == nil ? "turn.end" : "turn.answered"
    case .startOfDTMF: "dtmf.start-completes"
    case .digits: "dtmf.answered"
    case .noInput: "no-input.answered"
    case .custom: "event.answered"
    case .sessionEnd: "hang-up.completes"
    }
  }

  // MARK: Turns

  private mutating func judge(_ turn: CallTurn) {
    switch turn.ending {
    case .transfer: for rule in ["transfer.event"] + Self.endings { pass(rule) }
    case .end: for rule in ["end.event"] + Self.endings { pass(rule) }
    case nil: break
    }
    switch turn.kind {
    case .greeting: if turn.result == .answered { pass("greeting.answered") }
    case .digits:
      if turn.result == .answered {
        for rule in ["dtmf.answered", "dtmf.start-completes", "dtmf.start-silent"] { pass(rule) }
      }
    case .noInput:
      guard turn.result == .answered else { return }
      pass("no-input.answered")
      if turn.ending == .end {
        fail("no-input.asks-again", "The first NO_INPUT was answered with the end of the call.")
      } else {
        pass("no-input.asks-again")
      }
      pass("turn.no-false-start")
    case .custom: if turn.result == .answered { pass("event.answered") }
    case .unintended:
      fail("turn.no-false-start", "START_OF_INPUT came while the caller sent silence.")
    case .speech, .voice: judgeSpeech(turn)
    }
  }

  private static let endings = ["end.no-input-mode", "end.not-bargeable", "end.completes"]

  private mutating func judgeSpeech(_ turn: CallTurn) {
    guard turn.result != .notCollected else { return }
    if turn.startOfInput != nil {
      for rule in ["turn.start", "turn.start-once", "turn.start-is-final"] { pass(rule) }
      if let delay = turn.startDelay {
        if delay > Self.startLimit {
          fail("turn.start-in-time", "START_OF_INPUT came \(Int(delay.inMilliseconds)) ms after the first sound.")
        } else {
          pass("turn.start-in-time")
        }
        if delay < .milliseconds(-100) {
          fail("turn.no-false-start", "START_OF_INPUT came \(-Int(delay.inMilliseconds)) ms before the first sound.")
        }
      }
    } else if turn.endOfInput == nil {
      fail("turn.start", "The caller spoke, and START_OF_INPUT did not come.")
    }
    if turn.bargedIn {
      let old = call.caller.audioAfterInterruption
      if old > Self.oldAudioLimit {
        fail("barge-in.old-audio", "\(Int(old.inMilliseconds)) ms of the old answer came after START_OF_INPUT.")
      } else if turn.startOfInput != nil {
        pass("barge-in.old-audio")
      }
    }
    guard turn.endOfInput != nil else {
      // A turn whose end was not told, but which was answered, is over nevertheless.
      if turn.startOfInput != nil { fail("turn.end", "The caller fell silent, and END_OF_INPUT did not come.") }
      return
    }
    for rule in ["turn.end", "turn.end-once", "turn.start-before-end"] { pass(rule) }
    if turn.unspoken > .milliseconds(200) {
      fail(
        "turn.end-not-early", "END_OF_INPUT came \(Int(turn.unspoken.inMilliseconds)) ms before the last word ended.")
    } else {
      pass("turn.end-not-early")
      if let delay = turn.endDelay, delay > Self.endLimit {
        fail("turn.end-in-time", "END_OF_INPUT came \(Int(delay.inMilliseconds)) ms after the last sound.")
      } else {
        pass("turn.end-in-time")
      }
    }
    if turn.result == .answered { pass("turn.answered") }
  }

  private mutating func judgeHangUp() {
    switch call.outcome {
    case .hungUp:
      if call.events.contains(where: { $0.event == .hangsUp }) { pass("hang-up.completes") }
      for rule in ["rpc.status", "rpc.completes"] { pass(rule) }
    case .ended, .transferred: pass("rpc.status")
    case .vanished, .failed: break
    }
  }
}

extension WireViolation {
  /// The rule that it breaks.
  package var rule: String {
    switch self {
    case .startOfInputTwice: "turn.start-once"
    case .endOfInputTwice: "turn.end-once"
    case .endWithoutStart: "turn.start-before-end"
    case .startOfInputAsChunk: "turn.start-is-final"
    case .secondAnswer: "answer.one-final"
    case .chunkAfterFinal: "answer.final-is-last"
    case .chunkSize: "chunk.size"
    case .chunkWithHeader: "chunk.raw"
    case .lastChunkNotEmpty: "chunk.closing-final"
    case .promptNotWAV: "prompt.wav"
    case .textBesideAudio: "prompt.audio-or-text"
    case .modeChanged: "answer.mode-kept"
    case .noInputMode: "answer.input-mode"
    case .inputModeAtEnd: "end.no-input-mode"
    case .bargeableAtEnd: "end.not-bargeable"
    case .unexpectedResponse: "dtmf.start-silent"
    case .notCompletedAtEnd: "end.completes"
    }
  }
}
