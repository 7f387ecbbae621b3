extension StatusSnapshot {
  /// Several processes of one server as one.
  ///
  /// A call's number is made to tell its process too: ``process(ofCall:)`` takes it apart.
  ///
  /// - Parameter parts: of each process that answered, by its number; at least one, or the server is one with nothing in it.
  public init(merging parts: [(process: Int, status: StatusSnapshot)]) {
    let first = parts.first?.status
    self = first ?? StatusSnapshot(version: "", reasons: [], uptime: 0, liveCalls: 0, callLimit: 0)
    let all = parts.map(\.status)
    uptime = all.map(\.uptime).max() ?? 0
    liveCalls = all.reduce(0) { $0 + $1.liveCalls }
    callLimit = all.reduce(0) { $0 + $1.callLimit }
    totals = Totals(summing: all.map(\.totals))
    recent = Totals(summing: all.map(\.recent))
    lastRefusal = all.compactMap(\.lastRefusal).min { $0.secondsAgo < $1.secondsAgo }
    let live = parts.flatMap { part in part.status.calls.map { $0.of(part.process) } }
    calls = Array(live.sorted { $0.seconds > $1.seconds }.prefix(Self.maximumCalls))
    let ended = parts.flatMap { part in part.status.endedCalls.map { $0.of(part.process) } }
    endedCalls = Array(ended.sorted { $0.secondsAgo ?? 0 < $1.secondsAgo ?? 0 }.prefix(Self.maximumCalls))
    agents = agents.map { agent in Agent(merging: all.compactMap { $0.agents.first { $0.id == agent.id } }) ?? agent }
    merge(tenantsOf: all)
    registrations = registrations.map { one in
      // The process that looks after it knows the most.
      let same = all.flatMap(\.registrations).filter { $0.name == one.name }
      return same.first { $0.renewsIn != nil } ?? one
    }
    merge(problemsOf: all)
    configuration =
      all.map(\.configuration).first { !$0.mistakes.isEmpty || !$0.revocationMistakes.isEmpty }
      ?? configuration
  }

  private mutating func merge(tenantsOf all: [StatusSnapshot]) {
    var tenants: [String: Tenant] = [:]
    for tenant in all.flatMap(\.tenants) {
      guard let former = tenants[tenant.organization] else {
        tenants[tenant.organization] = tenant
        continue
      }
      tenants[tenant.organization]?.live = former.live + tenant.live
    }
    tenantCount = max(tenants.count, all.map(\.tenantCount).max() ?? 0)
    self.tenants = tenants.values.sorted { a, b in
      let (left, right) = (a.live * max(1, b.limit), b.live * max(1, a.limit))
      guard left == right else { return left > right }
      return (a.name, a.organization) < (b.name, b.organization)
    }
  }

  private mutating func merge(problemsOf all: [StatusSnapshot]) {
    var merged: [Problem] = []
    for problem in all.flatMap(\.problems) {
      let known = merged.firstIndex {
        ($0.level, $0.message, $0.agent) == (problem.level, problem.message, problem.agent)
      }
      guard let known else {
        merged.append(problem)
        continue
      }
      let former = merged[known]
      merged[known] = former.secondsAgo <= problem.secondsAgo ? former : problem
      merged[known].count = former.count + problem.count
      merged[known].firstSecondsAgo = max(former.firstSecondsAgo, problem.firstSecondsAgo)
    }
    problems = Array(merged.sorted { $0.secondsAgo < $1.secondsAgo }.prefix(Self.maximumEntries))
  }

  /// Processes that a call's number can tell.
  private static let processes = 64

  /// The number of a call among all processes' calls.
  public static func number(ofCall id: Int, in process: Int) -> Int {
    let (number, overflows) = id.multipliedReportingOverflow(by: processes)
    return overflows ? id : number + process
  }

  /// The process that a number tells, and the call's number there; `nil` for what is no number of a call.
  public static func process(ofCall number: Int) -> (process: Int, id: Int)? {
    number < 0 ? nil : (number % processes, number / processes)
  }
}

extension StatusSnapshot.Call {
  /// The same as one of several processes'.
  public func of(_ process: Int) -> Self {
    var call = self
    call.id = StatusSnapshot.number(ofCall: id, in: process)
    return call
  }
}

extension StatusSnapshot.Totals {
  fileprivate init(summing all: [Self]) {
    self.init()
    for one in all {
      started += one.started
      ended += one.ended
      answers += one.answers
      failed += one.failed
      refused += one.refused
    }
  }
}

extension StatusSnapshot.Agent {
  /// One agent as all processes know it; each has a breaker of its own.
  fileprivate init?(merging all: [Self]) {
    guard let first = all.first else { return nil }
    self = first
    live = all.reduce(0) { $0 + $1.live }
    recent = .init(summing: all.map(\.recent))
    isLeftAlone = all.contains(where: \.isLeftAlone)
    failuresInRow = all.map(\.failuresInRow).max() ?? 0
    failures = all.reduce(0) { $0 + $1.failures }
    lastFailure = all.compactMap(\.lastFailure).min { $0.secondsAgo < $1.secondsAgo }
    lastAnswerSecondsAgo = all.compactMap(\.lastAnswerSecondsAgo).min()
  }
}
