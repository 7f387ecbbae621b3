import BotEngine
import ReplayKit

// What a bot answers.
extension BotCheck {
  static let greeting = BotCheck(
    name: "greeting", expected: { "The bot says something within 5 s of \($0.started), and ends its turn." }
  ) { bench in
    let call = try await bench.call(bench.script())
    switch TurnFinding(call.caller.turns.first, of: call, event: "started", on: bench.wire) {
    case .wrong(let seen, let change): return .failed(seen, change: change, call)
    case .notAskedFor: return .failed("There was no greeting.", change: "Answer \(bench.wire.started).", call)
    case .answered(let seen, let figures, let better):
      let hasText = call.events.contains { if case .promptText = $0.event { true } else { false } }
      if call.caller.turns.first?.answerLength == .zero, !hasText {
        return .failed(
          "The bot ended its first turn without a word; the caller hears silence.",
          change: "Answer \(bench.wire.started) with audio or text before the turn is ended.", call)
      }
      return .passed(seen, better: better, figures: figures, call)
    }
  }

  static let turn = BotCheck(
    name: "turn",
    expected: { "The bot answers what the caller says within 5 s of \($0.speechEnded), and ends its turn." }
  ) { bench in
    var script = try bench.script()
    script.steps = [.speak(clip: 0)]
    let call = try await bench.call(script)
    let spoken = call.turns { if case .speech = $0 { true } else { false } }.first
    switch TurnFinding(spoken, of: call, event: "speechEnded", on: bench.wire) {
    case .answered(let seen, let figures, let better): return .passed(seen, better: better, figures: figures, call)
    case .wrong(let seen, let change): return .failed(seen, change: change, call)
    case .notAskedFor:
      return .notApplicable(
        "After its greeting the bot listens to keys only.",
        toCheck: "nothing, if that is meant; else ask for voice in the input settings.", call)
    }
  }

  static let digits = BotCheck(
    name: "digits", expected: { "The bot answers keys within 5 s of \($0.digits), and ends its turn." }
  ) { bench in
    var script = try bench.script()
    script.steps = [.press(bench.plan.keys)]
    let call = try await bench.call(script)
    let keyed = call.turns { if case .digits = $0 { true } else { false } }.first
    switch TurnFinding(keyed, of: call, event: "digits", on: bench.wire) {
    case .answered(let seen, let figures, let better): return .passed(seen, better: better, figures: figures, call)
    case .wrong(let seen, let change): return .failed(seen, change: change, call)
    case .notAskedFor:
      return .notApplicable(
        "After its greeting the bot listens to speech only.",
        toCheck: "nothing, if that is meant; else ask for digits in the input settings.", call)
    }
  }

  static let noInput = BotCheck(
    name: "no-input", expected: { _ in "When the caller says nothing, the bot asks again and ends its turn." }
  ) { bench in
    var script = try bench.script()
    script.steps = [.stayQuiet]
    let call = try await bench.call(script)
    let quiet = call.turns { $0 == .noInput }.first
    switch TurnFinding(quiet, of: call, event: "noInput", on: bench.wire) {
    case .answered(let seen, let figures, let better):
      if call.hasEnded {
        return .failed(
          "The bot ended the call on the caller's first silence.",
          change: "Ask again on \(bench.wire.noInput); after several in a row, transfer rather than end.", call)
      }
      return .passed(call.hasTransferred ? "transferred the caller" : seen, better: better, figures: figures, call)
    case .wrong(let seen, let change): return .failed(seen, change: change, call)
    case .notAskedFor: return .failed("The call did not go on.", change: "Answer \(bench.wire.noInput).", call)
    }
  }
}
