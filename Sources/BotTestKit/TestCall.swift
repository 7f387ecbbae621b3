import BotEngine
import ReplayKit
import WebexProtocol

/// One call to the bot under test, from both sides: what the caller met, and what the bot did.
struct TestCall: Sendable {
  let caller: Caller
  let outcome: CallOutcome
  let events: [(event: CallEvent, at: Duration)]
  let doings: BotDoings
  /// When the call began, on the clock of the bot's doings. Both sides are told apart by time only where milliseconds do
  /// not matter; what was first is known on each side.
  let began: ContinuousClock.Instant

  /// The turns of a kind, in order.
  func turns(where matches: (CallTurn.Kind) -> Bool) -> [CallTurn] { caller.turns.filter { matches($0.kind) } }

  /// When an event happened, the first time after another time.
  func time(after earlier: Duration = .zero, of matches: (CallEvent) -> Bool) -> Duration? {
    events.first { $0.at >= earlier && matches($0.event) }?.at
  }

  /// Whether the bot itself transferred the caller, and did not fail.
  var hasTransferred: Bool {
    doings.commands.contains { if case .transfer = $0 { true } else { false } }
  }

  /// Whether the bot itself ended the call.
  var hasEnded: Bool { doings.commands.contains { if case .end = $0 { true } else { false } } }

  /// Everything that the bot wrote for people or for the flow, as one text.
  var writings: String {
    doings.commands.map { command in
      switch command {
      case .text(let text, _, _), .transcript(_, let text): text
      case .transfer(let summary, let metadata): (summary ?? "") + " \(metadata)"
      case .customEvent(let name, let metadata): "\(name) \(metadata)"
      default: ""
      }
    }.joined(separator: "\n")
  }
}

extension BotAudio {
  /// How long it plays.
  var length: Duration {
    switch content {
    case .mulaw(let bytes): .microseconds(bytes.count * 125)
    case .linear(let samples, let rate): .microseconds(samples.count * 1_000_000 / max(1, rate))
    }
  }
}
