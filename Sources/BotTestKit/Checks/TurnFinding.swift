import BotEngine
import ReplayKit

/// What became of one turn, in words for the bot's author.
enum TurnFinding {
  /// The bot answered.
  case answered(String, figures: [String: Double], better: String?)
  /// It did not, or not well.
  case wrong(seen: String, change: String)
  /// The bot had not asked for this kind of input.
  case notAskedFor

  /// - Parameters:
  ///   - turn: the turn; `nil` where the call did not come that far.
  ///   - event: what the bot was given, by its name in the SDK.
  ///   - wire: how the bot's author names it.
  init(_ turn: CallTurn?, of call: TestCall, event: String, on wire: BotWire) {
    let name = wire.name(of: event)
    guard let turn else {
      self = .wrong(
        seen: "The call was over before: \(Self.ending(of: call)).",
        change: "See what the check `greeting` says; this one begins after the greeting.")
      return
    }
    if turn.result == .notCollected {
      self = .notAskedFor
      return
    }
    if turn.result == .unheard {
      self = .wrong(
        seen: "No speech was detected in what the caller said.",
        change: "Give louder or longer words with --say, or lower the agent's `speech.minimum_speech`.")
      return
    }
    if let fault = Self.fault(in: call, at: turn, event: event, on: wire) {
      self = .wrong(seen: fault.seen, change: fault.change)
      return
    }
    guard turn.result == .answered else {
      self = .wrong(
        seen: "There was no answer: \(Self.ending(of: call)).", change: "Answer \(name) and end the turn.")
      return
    }
    let latency = (turn.endOfInput == nil ? turn.answerLatency : turn.answerAfterEnd) ?? .zero
    var words = "answered after \(Int(latency.inMilliseconds.rounded())) ms"
    if turn.answerLength > .zero { words += " with \(Self.seconds(turn.answerLength)) of speech" }
    var figures = ["answer_ms": latency.inMilliseconds, "length_ms": turn.answerLength.inMilliseconds]
    if turn.gaps > .zero { figures["gaps_ms"] = turn.gaps.inMilliseconds }
    var better: String?
    if turn.gaps > .milliseconds(60) {
      better =
        "\(Int(turn.gaps.inMilliseconds)) ms of silence fell into the answer: send audio ahead of its time, or whole."
    } else if latency > .milliseconds(1500) {
      better = "Callers notice an answer that takes more than about a second; say something short first."
    }
    self = .answered(words, figures: figures, better: better)
  }

  /// A fault of the bot's own that the server had to cover up.
  private static func fault(in call: TestCall, at turn: CallTurn, event: String, on wire: BotWire)
    -> (seen: String, change: String)?
  {
    let name = wire.name(of: event)
    let isLast = turn == call.caller.turns.last
    let isHandedOver = if case .transferred = call.outcome { isLast && !call.hasTransferred } else { false }
    if isHandedOver {
      guard let end = call.doings.end, !end.wasTold, end.how != .cancelled else {
        return (
          "The bot said nothing for 5 s after \(name); the caller was transferred to a person.",
          "Answer \(name) within 5 s, be it with a word that bridges the time, and end the turn."
        )
      }
      if case .unreachable(let error) = end.how {
        return (
          "There was no bot to ask (\(error)); the caller was transferred to a person.",
          "Start the bot, or put right where it is (the engine's `url`, its certificate, its name), and test again."
        )
      }
      guard case .failed(let error) = end.how else {
        return (
          "The bot ended its part while the call was up; the caller was transferred to a person.",
          "Keep the conversation open until \(wire.ended), and take leave with \(wire.transfer) or \(wire.end)."
        )
      }
      return (
        "The bot failed (\(error)); the caller was transferred to a person.",
        "See the bot's own log for what it did with \(name)."
      )
    }
    guard turn.result == .answered else { return nil }
    // The server ends a turn for a bot that has spoken and then says no more for five seconds.
    let hasEnded = call.doings.answer(to: { $0.name == event }).contains {
      switch $0.deed {
      case .command(.endTurn), .command(.transfer), .command(.end): true
      default: false
      }
    }
    if !hasEnded {
      return (
        "The bot spoke but did not end its turn; the server did after 5 s of silence, and the caller could not speak.",
        "End the turn when everything is said (\(wire.endTurn))."
      )
    }
    return nil
  }

  /// How the call ended, in a few words.
  static func ending(of call: TestCall) -> String {
    switch call.outcome {
    case .hungUp: "the caller hung up"
    case .ended: "the bot ended the call"
    case .transferred: "the caller was transferred"
    case .vanished: "the caller was gone"
    case .failed(let failure): "the call failed (\(failure))"
    }
  }

  static func seconds(_ time: Duration) -> String {
    let tenths = Int((time.inSeconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
  }
}

extension CallerEvent {
  /// The event's name in the SDK.
  fileprivate var name: String {
    switch self {
    case .started: "started"
    case .audio: "audio"
    case .speechStarted: "speechStarted"
    case .speechEnded: "speechEnded"
    case .digits: "digits"
    case .noInput: "noInput"
    case .custom: "custom"
    case .interrupted: "interrupted"
    case .mark: "mark"
    case .ended: "ended"
    }
  }
}

extension BotWire {
  /// What an event of the SDK is called here.
  fileprivate func name(of event: String) -> String {
    switch event {
    case "started": started
    case "speechEnded": speechEnded
    case "digits": digits
    case "noInput": noInput
    case "custom": custom
    default: "`\(event)`"
    }
  }
}
