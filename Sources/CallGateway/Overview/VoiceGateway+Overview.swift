// What the dashboard is told of the calls.

extension VoiceGateway {
  /// Counts since the start of the process.
  public var totals: CallTotals { metrics.overview.totals }

  /// The latest calls that are over, the latest first.
  public var endedCalls: [EndedCall] { metrics.overview.ended }

  /// What happened lately: to the calls of each of these agents, and of the whole server under `nil`.
  public func recent(_ time: Duration, agents: [String], now: Duration) -> [String?: CallSums] {
    let history = metrics.overview.history
    var recent: [String?: CallSums] = [:]
    for agent in agents as [String?] + [nil] { recent[agent] = history.sums(of: agent, last: time, now: now) }
    return recent
  }

  /// The turns of the last seconds, at most of the last hour, by agent.
  ///
  /// - Parameter wall: now, in seconds since 1970.
  public func turnHistory(seconds: Int, now: Duration, wall: Int64) -> TurnHistoryReport {
    metrics.overview.history.report(seconds: seconds, now: now, wall: wall)
  }

  /// Notes how many calls are live, for the history; once a second.
  public func noteLiveCalls(now: Duration) { metrics.overview.noted(live: liveConversations, now: now) }
}
