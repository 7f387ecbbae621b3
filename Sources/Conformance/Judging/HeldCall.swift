package import ReplayKit

/// A call that is over, with all that happened in it.
package struct HeldCall: Sendable {
  /// The caller in its last state.
  package var caller: Caller
  /// How the call ended.
  package var outcome: CallOutcome
  /// What happened, in order.
  package var events: [(event: CallEvent, at: Duration)]

  /// A call.
  package init(caller: Caller, outcome: CallOutcome, events: [(event: CallEvent, at: Duration)]) {
    self.caller = caller
    self.outcome = outcome
    self.events = events
  }

  /// The call's lines up to a time and its event, at most so many: time, who, what.
  func lines(_ last: Int = 12, upTo index: Int? = nil) -> [String] {
    let end = index.map { $0 + 1 } ?? events.count
    return events[..<end].suffix(last).map { $0.event.line(at: $0.at, clips: caller.clips.map(\.name)) }
  }
}
