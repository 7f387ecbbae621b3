import BotEngine
import ReplayKit

extension BotCheck {
  /// Audio of an interrupted answer that may still go out, in all.
  private static let maximumOldAudio = Duration.milliseconds(200)
  /// The caller speaks so long after the prompt began.
  private static let interruption = Duration.milliseconds(1000)

  static let bargeIn = BotCheck(
    name: "barge-in",
    expected: { _ in
      """
      When the caller speaks over a long answer, at most 200 ms of it still come, and what the caller said then is \
      answered.
      """
    }
  ) { bench in
    var script = try bench.script(bench.plan.longAnswer)
    script.steps.append(.speak(clip: 0))
    script.bargeIn = interruption
    let call = try await bench.call(script)
    let spoken = call.turns { $0 == .speech(clip: 0) }.last
    guard let spoken, spoken.result != .notCollected else {
      return .notApplicable(
        spoken == nil ? "The call was over before the caller could speak." : "The bot listens to keys only then.",
        toCheck: "name what brings the bot to speak for 4 s or longer and to listen, with --long-answer.", call)
    }
    guard spoken.bargedIn else {
      let isForbidden = call.events.contains {
        if case .promptBegins(_, isBargeInEnabled: false) = $0.event { true } else { false }
      }
      return .notApplicable(
        isForbidden ? "The bot lets nobody interrupt it." : "No answer was long enough to be interrupted.",
        toCheck: "name what brings the bot to speak for 4 s or longer, with --long-answer.", call)
    }
    return judge(call, spoken, on: bench.wire)
  }

  private static func judge(_ call: TestCall, _ spoken: CallTurn, on wire: BotWire) -> Result {
    guard spoken.startOfInput != nil else {
      return .failed(
        "The caller's interruption was not heard as speech.",
        change: "Give louder or longer words with --say, or lower the agent's `speech.minimum_barge_in`.", call)
    }
    let old = call.caller.audioAfterInterruption
    let over = talkOver(call)
    let figures = [
      "old_audio_ms": (old + over).inMilliseconds, "start_of_input_ms": spoken.startDelay?.inMilliseconds ?? 0,
    ]
    if old + over > maximumOldAudio {
      return .failed(
        "\(Int((old + over).inMilliseconds)) ms of speech still came while the caller was speaking.",
        change: """
          Stop on \(wire.interrupted): throw away what you have made, and say nothing until \(wire.speechEnded).
          """, figures: figures, call)
    }
    switch TurnFinding(spoken, of: call, event: "speechEnded", on: wire) {
    case .answered(let seen, _, let better):
      return .passed(
        "fell silent at once (\(Int((old + over).inMilliseconds)) ms came after), then \(seen)", better: better,
        figures: figures, call)
    case .wrong(let seen, let change):
      return .failed("After the interruption: \(seen)", change: change, figures: figures, call)
    case .notAskedFor: return .notApplicable("The bot listens to keys only then.", toCheck: "nothing.", call)
    }
  }

  /// What the bot says as its new turn while the caller is still speaking: nobody can know the answer yet, so it is the
  /// old one that goes on.
  private static func talkOver(_ call: TestCall) -> Duration {
    let deeds = call.doings.deeds
    let start = deeds.lastIndex { if case .event(.speechStarted) = $0.deed { true } else { false } }
    guard let start else { return .zero }
    let turn = deeds[start].turn
    var length = Duration.zero
    for entry in deeds[start...] {
      if case .event(.speechEnded) = entry.deed { break }
      if case .command(.audio(let audio)) = entry.deed, entry.turn >= turn { length += audio.length }
    }
    return length
  }

  static let callerHangsUp = BotCheck(
    name: "caller hangs up", expected: { _ in "When the caller hangs up, the bot ends its part within 5 s." }
  ) { bench in
    var script = try bench.script()
    script.steps = [.stayQuiet]
    script.hangUp = .milliseconds(300)
    let call = try await bench.call(script, awaitsBot: true)
    guard case .hungUp = call.outcome else {
      return .failed(
        "The caller could not hang up: \(TurnFinding.ending(of: call)).",
        change: "See what the check `greeting` says.", call)
    }
    guard let end = call.doings.end else {
      return .failed(
        "The bot was still busy with the call 8 s later, although its task had been cancelled.",
        change: "Watch for cancellation where the bot waits or computes.", call)
    }
    let hungUp = call.time { if case .hangsUp = $0 { true } else { false } } ?? .zero
    let after = max(.zero, end.at - call.began - hungUp)
    let figures = ["end_ms": after.inMilliseconds]
    switch end.how {
    case .returned where after < .milliseconds(4900):
      return .passed("ended its part after \(Int(after.inMilliseconds)) ms", figures: figures, call)
    case .failed(let error), .unreachable(let error):
      return .failed(
        "The bot failed when the caller hung up (\(error)).",
        change: "Take the end of the call as something that happens: return on \(bench.wire.ended).",
        figures: figures, call)
    case .returned, .cancelled:
      return .failed(
        "The bot did not end its part; its task was cancelled after 5 s.",
        change: "Read to the last that comes, \(bench.wire.ended), and return then (close the call's connection).",
        figures: figures, call)
    }
  }
}
