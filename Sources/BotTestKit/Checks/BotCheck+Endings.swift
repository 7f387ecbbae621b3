import BotEngine
import ReplayKit
import WebexProtocol

// What a bot does when it is brought to it: each needs a cue.
extension BotCheck {
  /// A card number for tests (no card has it), which must not turn up anywhere.
  private static let cardNumber = "4111111111111111"

  static let sensitive = BotCheck(
    name: "sensitive",
    expected: { _ in "The answer that asks for something sensitive says so, and what is then keyed is written nowhere."
    }
  ) { bench in
    guard let cue = bench.plan.sensitive else {
      return .notApplicable(
        "It was not said how the bot is brought to ask for something sensitive.",
        toCheck: "--sensitive CUE, as in --sensitive 3 for the key 3.")
    }
    var script = try bench.script(cue)
    let asked = script.steps.count
    script.steps.append(.press(cardNumber.compactMap { DTMFKey($0) }))
    let call = try await bench.call(script)
    guard call.caller.turns.count > asked else {
      return .failed(
        "The call was over before anything sensitive could be asked for: \(TurnFinding.ending(of: call)).",
        change: "Check the cue given with --sensitive.", call)
    }
    let pressed = call.time { if case .presses(let keys, _) = $0 { keys.count >= 16 } else { false } }
    let isMarked = call.events.contains { entry in
      if case .answer(_, isInputSensitive: true) = entry.event { entry.at <= pressed ?? entry.at } else { false }
    }
    guard isMarked else {
      return .failed(
        "The answer that asks for it is not marked as sensitive: calls would be recorded and logged as ever.",
        change: "Send \(bench.wire.sensitive).",
        call)
    }
    let entry = TurnFinding(call.caller.turns.last, of: call, event: "digits", on: bench.wire)
    if call.writings.contains(cardNumber) {
      return .failed(
        "The number that was keyed stands in what the bot wrote (transcript, summary, metadata or text).",
        change: "Keep what was keyed while sensitive out of everything that is stored or shown.", call)
    }
    if case .wrong(let seen, let change) = entry { return .failed(seen, change: change, call) }
    return .passed("marked as sensitive, and nothing of the number was written", call)
  }

  static let transfer = BotCheck(
    name: "transfer", expected: { _ in "The bot transfers the caller, with a summary for the person who takes over." }
  ) { bench in
    guard let cue = bench.plan.transfer else {
      return .notApplicable(
        "It was not said how the bot is brought to transfer.",
        toCheck: "--transfer CUE, as in --transfer 0 for the key 0.")
    }
    let call = try await bench.call(try bench.script(cue))
    guard case .transferred(let summary) = call.outcome, call.hasTransferred else {
      if case .transferred = call.outcome, case .wrong(let seen, let change) = lastTurn(of: call, on: bench.wire) {
        return .failed(seen, change: change, call)
      }
      return .failed(
        "The bot did not transfer: \(TurnFinding.ending(of: call)).",
        change: "Send \(bench.wire.transfer), or check the cue given with --transfer.", call)
    }
    return .passed(
      summary == nil ? "transferred the caller" : "transferred the caller with a summary",
      better: summary == nil ? "A summary saves the caller from telling it all again." : nil, call)
  }

  static let end = BotCheck(name: "end", expected: { _ in "The bot ends the call after its last words." }) { bench in
    guard let cue = bench.plan.end else {
      return .notApplicable(
        "It was not said how the bot is brought to end the call.", toCheck: "--end CUE, as in --end 9 for the key 9.")
    }
    let call = try await bench.call(try bench.script(cue))
    guard case .ended = call.outcome, call.hasEnded else {
      if case .transferred = call.outcome, case .wrong(let seen, let change) = lastTurn(of: call, on: bench.wire) {
        return .failed(seen, change: change, call)
      }
      return .failed(
        "The bot did not end the call: \(TurnFinding.ending(of: call)).",
        change: "Send \(bench.wire.end), or check the cue given with --end.", call)
    }
    let isSilent = call.caller.turns.last?.answerLength == .zero
    return .passed(
      isSilent ? "ended the call" : "ended the call after its last words",
      better: isSilent ? "Say good bye: a line that just goes dead sounds like a fault." : nil, call)
  }

  static let botCloses = BotCheck(
    name: "bot closes",
    expected: { _ in "When the bot is gone, the caller is transferred, or told good bye, within 10 s." }
  ) { bench in
    guard let cue = bench.plan.closes else {
      return .notApplicable(
        "It was not said how the bot is brought to close its side.",
        toCheck: "--closes CUE, for a bot that has such a switch for tests.")
    }
    let call = try await bench.call(try bench.script(cue), awaitsBot: true)
    let turn = call.caller.turns.last
    let taken = ((turn?.answered ?? .zero) - (turn?.endOfInput ?? turn?.sent ?? .zero))
    let figures = ["handover_ms": taken.inMilliseconds]
    switch call.outcome {
    case .transferred, .ended:
      guard taken <= .seconds(10) else {
        return .failed(
          "The caller waited for \(TurnFinding.seconds(taken)).", change: "Lower the engine's timeouts.",
          figures: figures, call)
      }
      return .passed(
        "\(TurnFinding.ending(of: call)) after \(Int(taken.inMilliseconds)) ms", figures: figures, call)
    case .hungUp, .vanished:
      return .failed(
        "The bot went on with the call.", change: "Check the cue given with --closes.", figures: figures, call)
    case .failed(let failure):
      return .failed(
        "The caller's call failed (\(failure)).", change: "This is a fault of the server: report it.",
        figures: figures, call)
    }
  }

  private static func lastTurn(of call: TestCall, on wire: BotWire) -> TurnFinding {
    TurnFinding(call.caller.turns.last, of: call, event: call.caller.turns.last?.kind.event ?? "started", on: wire)
  }
}

extension CallTurn.Kind {
  /// The name of the event that the bot is to answer.
  fileprivate var event: String {
    switch self {
    case .greeting: "started"
    case .speech, .voice, .unintended: "speechEnded"
    case .digits: "digits"
    case .noInput: "noInput"
    case .custom: "custom"
    }
  }
}
