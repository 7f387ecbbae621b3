/// Whether a call did what it was made for: every step was done and answered, and something was heard.
public struct CallVerdict: Sendable, Equatable {
  /// What was expected and did not come, in sentences; empty where all of it came, and where the call failed, which says
  /// why itself.
  public var shortfalls: [String] = []

  /// The verdict on a call that is over.
  public init(_ caller: Caller, outcome: CallOutcome) {
    let clips = caller.clips.map(\.name)
    let verb: String
    switch outcome {
    case .failed, .vanished: return
    case .hungUp: verb = "the caller hung up"
    case .transferred: verb = "the server transferred the caller"
    case .ended: verb = "the server ended the call"
    }
    let undone = caller.undoneSteps.map { $0.text(clips) }
    if !undone.isEmpty {
      shortfalls.append("Expected to \(undone.joined(separator: ", then ")) as well, but \(verb) before.")
    }
    for turn in caller.turns where turn.kind != .unintended {
      switch turn.result {
      case .unheard: shortfalls.append("The server noticed no speech in \(turn.kind.text(clips)).")
      case .notCollected:
        shortfalls.append("The server had not asked for \(turn.kind.text(clips)), so that nobody told it.")
      case .open where turn.firstAudio == nil: shortfalls.append("No answer came to the turn \(turn.kind.text(clips)).")
      case .open, .answered, .failed: break
      }
    }
    if caller.turns.allSatisfy({ $0.answerLength == .zero }) {
      shortfalls.append("The caller heard nothing at all: neither audio nor text came in any answer.")
    }
  }
}

extension Caller {
  /// The steps after the one that was done or under way last, when the call ended.
  var undoneSteps: [CallStep] {
    let next = stepIndex + (step == .underWay ? 1 : 0)
    guard next < steps.count else { return [] }
    return steps[next...].filter { step in
      switch step {
      case .speak, .press, .stayQuiet, .custom: true
      case .wait, .hangUp, .vanish: false
      }
    }
  }
}

extension CallStep {
  fileprivate func text(_ clips: [String]) -> String {
    switch self {
    case .speak(let clip): "say \(clips.indices.contains(clip) ? clips[clip] : "clip \(clip + 1)")"
    case .press(let keys): "press \(keys.text(false))"
    case .stayQuiet: "say nothing"
    case .custom(let name, _): "send the event \(name.forTerminal)"
    case .wait: "wait"
    case .hangUp, .vanish: "hang up"
    }
  }
}
