import GRPCTransport
import Locking
import Logging

/// Which sessions of one service are live, and on which loop each lives.
///
/// Asked once an RPC, not once a message.
final class SessionRegistry: Sendable {
  enum Admission {
    case found(LoopBound<any SessionHost>)
    /// A new one; where it has the place of one whose caller was lost, that is to be given up, on its loop.
    case made(LoopBound<any SessionHost>, insteadOf: LoopBound<any SessionHost>?)
    /// The server, or the organization, has as many sessions as it may.
    case full
    /// The server accepts no new sessions: it is draining.
    case draining
  }

  private struct State {
    var sessions: [ConversationKey: (session: LoopBound<any SessionHost>, status: SessionStatus)] = [:]
    var perOrganization: [String: Int] = [:]
    var isDraining = false

    func find(_ key: ConversationKey) -> LoopBound<any SessionHost>? {
      guard let found = sessions[key] else { return nil }
      found.status.lostSince = nil
      return found.session
    }

    @discardableResult
    mutating func remove(_ key: ConversationKey) -> LoopBound<any SessionHost>? {
      guard let former = sessions.removeValue(forKey: key) else { return nil }
      let left = perOrganization[key.organization, default: 1] - 1
      perOrganization[key.organization] = left > 0 ? left : nil
      return former.session
    }

    /// The session that has been without its caller for the longest; a caller who goes on is back within `least`.
    func longestLost(of organization: String?, now: Duration, least: Duration) -> ConversationKey? {
      var found: (key: ConversationKey, since: Duration)?
      for (key, (_, status)) in sessions where organization == nil || key.organization == organization {
        guard let since = status.lostSince, since + least <= now, since < found?.since ?? now else { continue }
        found = (key, since)
      }
      return found?.key
    }
  }

  /// Time in which a caller whose RPC broke is expected to come with another, before somebody may take the place.
  private static let timeToReturn = Duration.seconds(1)

  private let state = Awaited(State())

  /// Live sessions of each organization that has any.
  var counts: [String: Int] { state.withLock { $0.perOrganization } }
  /// The organizations that have live sessions.
  var organizations: Set<String> { state.withLock { Set($0.perOrganization.keys) } }
  var count: Int { state.withLock { $0.sessions.count } }
  var statuses: [SessionStatus] { state.withLock { $0.sessions.values.map(\.status) } }

  /// The session that an RPC belongs to. Its caller is not lost from here on: nobody takes its place.
  func find(_ key: ConversationKey) -> LoopBound<any SessionHost>? { state.withLock { $0.find(key) } }

  /// What is shown of a live session.
  func status(of key: ConversationKey) -> SessionStatus? { state.withLock { $0.sessions[key]?.status } }

  /// Finds a session, or has one made on this loop where there is room: where all places are taken, in that of one whose
  /// caller was lost.
  ///
  /// - Parameter ceiling: what other servers leave of an organization's limit.
  func admit(
    _ status: SessionStatus, limits: GatewayLimits, ceiling: SharedCeiling? = nil, on loop: any LoopExecutor,
    make: () -> any SessionHost
  ) -> Admission {
    let key = status.key
    return state.withLock { state in
      if let session = state.find(key) { return .found(session) }
      if state.isDraining { return .draining }
      let own = state.perOrganization[key.organization, default: 0]
      let limit = limits.conversations(of: key.organization)
      let ownLimit = min(limit, ceiling?(key.organization, own, limit) ?? limit)
      var former: LoopBound<any SessionHost>?
      if own >= ownLimit || state.sessions.count >= limits.conversations {
        // Of limits that were lowered, one place is not enough.
        guard state.sessions.count <= limits.conversations, own <= ownLimit,
          let lost = state.longestLost(
            of: own < ownLimit ? nil : key.organization, now: status.began, least: Self.timeToReturn)
        else { return .full }
        former = state.remove(lost)
      }
      let session = LoopBound(make(), loop: loop)
      state.sessions[key] = (session, status)
      state.perOrganization[key.organization, default: 0] += 1
      return .made(session, insteadOf: former)
    }
  }

  /// The session of this status is over. Another one of the same key stays.
  func remove(_ status: SessionStatus) {
    state.change { state in
      if state.sessions[status.key]?.status === status { state.remove(status.key) }
    }
  }

  /// Whether no new sessions are accepted any more.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// From now on no session begins here, and others may take those that are live.
  func handOut() {
    let all = state.withLock { state in
      state.isDraining = true
      return state.sessions.values.map(\.session)
    }
    for session in all { session.execute { $0.handOut() } }
  }

  /// From now on only RPCs of live sessions are accepted. Returns when the last one has ended. After `limit` those that
  /// are left are shut down, with `grace`; each keeps its own time, of which `most` is waited for. `outcome` tells the log
  /// what becomes of them.
  func drain(limit: Duration, grace: Duration?, most: Duration, outcome: String, log: Logger) async {
    state.withLock { $0.isDraining = true }
    await waitForEnd(within: limit)
    let left = state.withLock { $0.sessions.values.map(\.session) }
    if left.isEmpty { return }
    log.warning("the drain's time is over: \(outcome)", metadata: ["calls": "\(left.count)"])
    for session in left { session.execute { $0.shutDown(grace: grace) } }
    await waitForEnd(within: most + .seconds(1))
  }

  private func waitForEnd(within limit: Duration) async {
    _ = await state.first(within: limit) { $0.sessions.isEmpty ? true : nil }
  }
}
