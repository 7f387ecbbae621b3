import BotEngine
import Locking

/// Counts since the start of the process.
public struct CallTotals: Sendable {
  /// Calls that started.
  public internal(set) var started = 0
  /// Answers of bots.
  public internal(set) var answers = 0
  /// Calls that ended because a bot failed.
  public internal(set) var failed = 0
  /// RPCs that were refused.
  public internal(set) var refused = 0
  /// Why an RPC was refused last, and when, on the monotonic clock.
  public internal(set) var lastRefusal: (text: String, at: Duration)?
}

/// What the dashboard shows beside the live calls: the last hour, the calls that ended, what was refused. Touched when a
/// call begins and ends and once a turn, never for a frame.
final class CallOverview: Sendable {
  private struct State: Sendable {
    var history = TurnHistory()
    var ended = EndedCalls()
    var totals = CallTotals()
  }

  private let state = Locked(State())

  func started(_ status: SessionStatus, now: Duration) {
    status.note(.started, now: now)
    state.withLock { state in
      state.totals.started += 1
      state.history.started(agent: status.agent, now: now)
    }
  }

  /// The first of the answer goes out; `silence` is how long the caller had been silent when the turn was over.
  func answered(_ status: SessionStatus, after time: Duration, silence: Duration?, now: Duration) {
    status.noteAnswer(after: time, silence: silence, now: now)
    state.withLock { state in
      state.totals.answers += 1
      state.history.answered(agent: status.agent, after: time, silence: silence, now: now)
    }
  }

  /// A call is over; `failure` is how the bot failed, where that ended it.
  func ended(_ status: SessionStatus, _ end: CallEnd, failure: String?, now: Duration) {
    if let failure { status.note(.failed, failure, now: now) }
    status.note(.ended, end.rawValue, now: now)
    state.withLock { state in
      if failure != nil { state.totals.failed += 1 }
      state.history.ended(agent: status.agent, hasFailed: failure != nil, now: now)
      state.ended.append(EndedCall(status: status, end: end, failure: failure, at: now))
    }
  }

  func refused(_ why: String, now: Duration) {
    state.withLock { state in
      state.totals.refused += 1
      state.totals.lastRefusal = (why, now)
      state.history.refused(now: now)
    }
  }

  func noted(live: Int, now: Duration) { state.withLock { $0.history.noted(live: live, now: now) } }

  var totals: CallTotals { state.withLock { $0.totals } }
  var ended: [EndedCall] { state.withLock { $0.ended }.latest }
  var history: TurnHistory { state.withLock { $0.history } }
}
