import AdminServer
import Basics
import CallGateway
import DataSources
import GatewayConfiguration
import Telemetry

// What the dashboard shows, from the parts that know it.

extension ServerState {
  /// How everything is now.
  func snapshot(of parts: ReportedParts) -> StatusSnapshot {
    let now = MonotonicClock.now()
    let wall = WallClock.now()
    // The longest first: those are the ones an operator looks for.
    let live = gateway.statuses.sorted { $0.seconds(now: now) > $1.seconds(now: now) }
    let settings = gateway.settings
    let names = settings.agents.agentsByID.mapValues(\.name)
    let recent = gateway.recent(
      .seconds(StatusSnapshot.recentSeconds), agents: Array(names.keys), now: now)
    var snapshot = StatusSnapshot(
      version: Version.text, reasons: readiness.reasons, uptime: (now - began) / .seconds(1), liveCalls: live.count,
      callLimit: settings.limits.conversations)
    snapshot.isDraining = isDraining
    let totals = gateway.totals
    snapshot.totals.started = totals.started
    snapshot.totals.answers = totals.answers
    snapshot.totals.failed = totals.failed
    snapshot.totals.refused = totals.refused
    snapshot.recent = .init(recent[nil])
    snapshot.lastRefusal = totals.lastRefusal.map { .init($0, now: now) }
    let media = media.statuses
    snapshot.liveMedia = media.count
    snapshot.calls = (live + media).sorted { $0.seconds(now: now) > $1.seconds(now: now) }
      .prefix(StatusSnapshot.maximumCalls).map { .init($0, names, now: now) }
    snapshot.endedCalls = gateway.endedCalls.prefix(StatusSnapshot.maximumCalls).map { .init($0, names, now: now) }
    let byAgent = Dictionary(grouping: live, by: \.agent).mapValues(\.count)
    snapshot.agents = settings.agents.all.map { .init($0, live: byAgent[$0.id] ?? 0, recent[$0.id], now: now) }
    show(parts.configuration(), live, settings.limits, in: &snapshot)
    snapshot.registrations = registrations(wall)
    snapshot.certificates = parts.certificates.shown
    snapshot.keySets = identity.keyStatus.map { status in
      var one = StatusSnapshot.KeySet(issuer: status.issuer, keys: status.keys)
      one.dropped = status.droppedKeys
      one.age = status.age.map { $0 / .seconds(1) }
      one.failures = status.failures
      one.lastFailure = status.lastFailure.map { "\($0)" }
      return one
    }
    snapshot.problems = problems(parts.sink)
    snapshot.configuration = parts.reloads.shown
    if let shared {
      snapshot.cluster = shared.shown
      snapshot.otherCalls = shared.otherCalls
    }
    return snapshot
  }

  private func show(
    _ configuration: Configuration, _ live: [SessionStatus], _ limits: GatewayLimits, in snapshot: inout StatusSnapshot
  ) {
    var names: [String: String] = [:]
    for tenant in configuration.identity.tenants where names[tenant.organization] == nil {
      names[tenant.organization] = tenant.name
    }
    let counts = Dictionary(grouping: live, by: \.organization).mapValues(\.count)
    for call in live where names[call.organization] == nil { names[call.organization] = call.tenant }
    let tenants = names.map { organization, name in
      StatusSnapshot.Tenant(
        name: name, organization: organization, live: counts[organization] ?? 0,
        limit: limits.conversations(of: organization))
    }
    snapshot.tenantCount = tenants.count
    snapshot.tenants = tenants.sorted { a, b in
      let (left, right) = (a.live * max(1, b.limit), b.live * max(1, a.limit))
      guard left == right else { return left > right }
      return (a.name, a.organization) < (b.name, b.organization)
    }
  }

  private func registrations(_ now: Int64) -> [StatusSnapshot.Registration] {
    let lives = (registrar?.statuses ?? []).map { status in
      var one = StatusSnapshot.Registration(name: status.name, state: status.state.rawValue)
      one.secondsLeft = status.secondsLeft(now: now)
      one.isEnding = status.isEnding(now: now)
      one.renewsIn = status.renewAt.map { max(0, $0 - now) }
      one.failures = status.failures
      one.lastFailure = status.lastFailure.map { "\($0)" }
      return one
    }
    return lives.sorted { $0.secondsLeft ?? 0 < $1.secondsLeft ?? 0 }
  }

  private func problems(_ sink: LogSink) -> [StatusSnapshot.Problem] {
    let now = WallClock.nanoseconds
    func secondsAgo(_ time: Int64) -> Double { max(0, Double(now - time) / 1e9) }
    return sink.recentProblems.latest.map { group in
      var one = StatusSnapshot.Problem(
        level: group.level.rawValue, message: group.message, count: group.count,
        firstSecondsAgo: secondsAgo(group.first), secondsAgo: secondsAgo(group.last))
      one.cause = group.cause
      one.agent = group.agent
      one.conversation = group.conversation
      return one
    }
  }
}

/// What else the dashboard asks.
struct ReportedParts: Sendable {
  var certificates: CertificateWatch
  var sink: LogSink
  var configuration: @Sendable () -> Configuration
  var reloads: ReloadReports
}

extension StatusSnapshot.Totals {
  fileprivate init(_ sums: CallSums?) {
    self.init()
    guard let sums else { return }
    started = sums.started
    ended = sums.ended
    failed = sums.failed
    refused = sums.refused
  }
}

extension StatusSnapshot.Past {
  fileprivate init(_ past: (text: String, at: Duration), now: Duration) {
    self.init(text: past.text, secondsAgo: (now - past.at) / .seconds(1))
  }
}

extension StatusSnapshot.Agent {
  fileprivate init(_ agent: Agent, live: Int, _ recent: CallSums?, now: Duration) {
    self.init(id: agent.id, name: agent.name)
    let condition = agent.condition
    self.live = live
    self.recent = .init(recent)
    isLeftAlone = condition.isLeftAlone
    failuresInRow = condition.failuresInRow
    failures = condition.failures
    lastFailure = condition.lastFailure.map { .init($0, now: now) }
    lastAnswerSecondsAgo = condition.lastAnswer.map { (now - $0) / .seconds(1) }
  }
}

extension SessionStatus {
  /// What people call it by: its agent's name, or what kind of media it is.
  func name(_ agents: [String: String]) -> String {
    switch kind {
    case .call: agents[agent] ?? agent
    case .fork: "Forked conversation"
    case .meeting: "Meeting"
    }
  }
}

extension StatusSnapshot.Call {
  init(_ status: SessionStatus, _ names: [String: String], now: Duration) {
    self.init(
      id: status.number, conversation: status.conversation, tenant: status.tenant, organization: status.organization,
      agent: status.agent, agentName: status.name(names), state: "\(status.activity)",
      seconds: status.seconds(now: now), turns: status.turns)
    kind = status.kind.rawValue
    isRecorded = status.recording != nil
    trackingIDs = status.trackingIDs
    lastWait = status.timeline.lastAnswer?.wait
  }

  init(_ call: EndedCall, _ names: [String: String], now: Duration) {
    self.init(call.status, names, now: call.at)
    state = call.end.rawValue
    failure = call.failure
    secondsAgo = (now - call.at) / .seconds(1)
  }
}
