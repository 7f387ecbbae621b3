import Basics
import Locking
public import Logging

/// Looks after registrations: carries their life cycles' actions out, under the lease, and tells everyone what nonces are
/// good.
public actor Registrar {
  /// A registration and how Webex is asked for it.
  public struct Registration: Sendable {
    /// What is wanted.
    public var desired: DesiredRegistration
    /// The interface, with the tenant's tokens.
    public var client: DataSourceClient

    /// A registration.
    public init(_ desired: DesiredRegistration, client: DataSourceClient) {
      self.desired = desired
      self.client = client
    }
  }

  /// The nonces of a tenant's good tokens, and whether there can be no others.
  public struct Acceptance: Sendable, Hashable {
    /// The tenant's organization.
    public var organization: String
    /// The tenant's URL.
    public var url: String
    /// What `jti` may be.
    public var nonces: [String]
    /// Whether every good token has one of them.
    public var isAll: Bool
  }

  /// Requests at once: each has a thread while it waits.
  static let maximumRequests = 4
  /// Steps of one registration in one round; a life cycle that wants more is wrong, and is given time to think.
  static let maximumSteps = 16

  private struct Entry {
    var cycle: RegistrationLifeCycle
    var client: DataSourceClient
    var wakeAt: Duration = .zero
    var questionedAt: Duration = .zero
  }

  private let lease: any RenewalLease
  private let timing: RenewalTiming
  /// How often the lease is kept and looked at.
  private let pace: Duration
  private let now: @Sendable () -> Moment
  private let accept: @Sendable (Acceptance) -> Void
  private let report: RegistrationReport
  private let shown = Locked<[RegistrationStatus]>([])
  /// Organizations whose calls come with a nonce that is not known: somebody else may have renewed.
  private let questioned = Locked<Set<String>>([])

  private let wanted = Locked<[Registration]?>(nil)

  private var entries: [Entry] = []
  private var standing: LeaseStanding?
  private var looksAt: Duration = .zero
  private var leaseFailures = 0
  private var isRescuing = false
  private var published: [RegistrationNote] = []
  private var accepted: [[String]: Acceptance] = [:]
  private var random = SystemRandomNumberGenerator()

  /// - Parameters:
  ///   - pace: how often the lease is kept and looked at; well below the lease's life.
  ///   - now: the clocks.
  ///   - accept: makes nonces known to whatever verifies tokens.
  public init(
    _ registrations: [Registration], lease: any RenewalLease = SoleLease(), timing: RenewalTiming = RenewalTiming(),
    pace: Duration = .seconds(2), now: @escaping @Sendable () -> Moment = Moment.now,
    log: Logger = Logger(label: "datasource"), accept: @escaping @Sendable (Acceptance) -> Void
  ) {
    self.lease = lease
    self.timing = timing
    self.pace = pace
    self.now = now
    self.accept = accept
    report = RegistrationReport(log: log)
    entries = registrations.map {
      Entry(cycle: RegistrationLifeCycle($0.desired, timing: timing), client: $0.client)
    }
  }

  /// Where every registration stands, in the configuration's order.
  public nonisolated var statuses: [RegistrationStatus] { shown.withLock { $0 } }

  /// A good token of this organization came with a nonce that is not known: its registrations are read again soon. May be
  /// called from anywhere, as often as it happens.
  public nonisolated func question(organization: String) {
    questioned.withLock { if $0.count < 10_000 { $0.insert(organization) } }
  }

  /// The configuration says something else now: taken up within two seconds. May be called from anywhere.
  public nonisolated func reconfigure(_ registrations: [Registration]) { wanted.withLock { $0 = registrations } }

  /// Looks after the registrations until the task is cancelled, then gives the lease back.
  public func run() async {
    while !Task.isCancelled {
      let wake = await round()
      let wait = min(max(wake - now().monotonic, .milliseconds(100)), pace)
      try? await Task.sleep(for: wait)
    }
    if standing?.isHeld == true { await lease.release(now: now().wall) }
  }

  /// Takes up what the configuration says now. What is known of registrations that stay is kept.
  public func configure(_ registrations: [Registration]) {
    let keys = Set(registrations.map(\.desired.key))
    for entry in entries where !keys.contains(entry.cycle.desired.key) { report.forget(entry.cycle.desired) }
    entries = registrations.map { registration in
      guard var entry = entries.first(where: { $0.cycle.desired.key == registration.desired.key }) else {
        return Entry(cycle: RegistrationLifeCycle(registration.desired, timing: timing), client: registration.client)
      }
      entry.client = registration.client
      guard entry.cycle.desired != registration.desired else { return entry }
      var cycle = RegistrationLifeCycle(registration.desired, timing: timing)
      cycle.adopt(entry.cycle.note(now: now().wall), now: now().wall)
      cycle.inherit(entry.cycle)
      return Entry(cycle: cycle, client: registration.client)
    }
    show()
  }

  /// Does all that is due now. Returns when there is more to do, on the monotonic clock.
  public func round() async -> Duration {
    let wanted = wanted.withLock { wanted in
      defer { wanted = nil }
      return wanted
    }
    if let wanted { configure(wanted) }
    if now().monotonic >= looksAt { await look(publishing: nil) }
    if standing?.isHeld == true {
      readQuestioned()
      await advanceAll()
    } else {
      learn(standing?.notes ?? [])
      await rescue()
    }
    acceptAll()
    show()
    let wakes = mayAct ? entries.map(\.wakeAt) : []
    return min(wakes.min() ?? looksAt, looksAt)
  }

  // MARK: The lease

  /// Takes, keeps or looks at the lease.
  @discardableResult
  private func look(publishing notes: [RegistrationNote]?) async -> Bool {
    let before = standing
    do throws(FileError) {
      let found = try await lease.hold(publishing: notes, now: now().wall)
      leaseFailures = 0
      standing = found
      report.lease(found, wasHeld: before?.isHeld)
      if let notes { published = notes }
      if found.isHeld, before?.isHeld != true || before?.fence != found.fence { takeOver(found) }
    } catch {
      leaseFailures += 1
      standing?.isHeld = false
      if leaseFailures == 1 || leaseFailures % 30 == 0 {
        report.log.error(
          "nobody here looks after the data sources: the lease \(error)", metadata: ["failures": "\(leaseFailures)"])
      }
    }
    looksAt = now().monotonic + pace
    return standing?.isHeld == true
  }

  /// What was read and decided before is void; what the last holder said is not.
  private func takeOver(_ standing: LeaseStanding) {
    learn(standing.notes)
    for index in entries.indices {
      entries[index].cycle.readAgain()
      entries[index].wakeAt = .zero
    }
  }

  private func learn(_ notes: [RegistrationNote]) {
    guard !notes.isEmpty else { return }
    let byKey = Dictionary(notes.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    for index in entries.indices {
      guard let note = byKey[entries[index].cycle.desired.key] else { continue }
      entries[index].cycle.adopt(note, now: now().wall)
    }
  }

  /// Whether the registrations are this server's concern: it has the lease, or there is no lease to be had and no time to
  /// wait for it.
  private var mayAct: Bool { standing?.isHeld == true || isRescuing }

  /// The lease cannot be read, and a token is about to end: two servers that renew it cost the one a minute with a nonce
  /// that it does not know (and then it refuses none), no server costs every call.
  private func rescue() async {
    guard leaseFailures >= 3 else { return }
    let time = now().wall
    isRescuing = entries.contains { entry in
      guard let expiry = entry.cycle.expiry else { return false }
      return expiry - time < timing.lead(life: entry.cycle.life) / 2
    }
    guard isRescuing else { return }
    report.log.error("the lease cannot be had and tokens are about to end: they are renewed without it")
    await advanceAll()
    isRescuing = false
  }

  /// Whether the lease is ours for longer than a request can take: asked right before anything is changed.
  private func mayChange() async -> Bool {
    if isRescuing { return true }
    guard await look(publishing: nil), let standing else { return false }
    return standing.expires - now().wall > Int64(NetworkTransport.seconds)
  }

  // MARK: The life cycles

  private func readQuestioned() {
    let organizations = questioned.withLock { questioned in
      defer { questioned = [] }
      return questioned
    }
    guard !organizations.isEmpty else { return }
    let time = now().monotonic
    for index in entries.indices where organizations.contains(entries[index].cycle.desired.organization) {
      // Whoever shows an old token again and again costs a read in so many seconds, not one for each call.
      guard time >= entries[index].questionedAt + .seconds(10) else { continue }
      entries[index].questionedAt = time
      entries[index].cycle.readAgain()
      entries[index].wakeAt = .zero
    }
  }

  private func advanceAll() async {
    let time = now().monotonic
    var due = entries.filter { $0.wakeAt <= time }.map(\.cycle.desired.key)[...]
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      while running > 0 || !due.isEmpty {
        while running < Self.maximumRequests, let key = due.popFirst() {
          group.addTask { await self.advance(key) }
          running += 1
        }
        await group.next()
        running -= 1
      }
    }
    await publish()
  }

  private func advance(_ key: DesiredRegistration.Key) async {
    let fence = standing?.fence
    for _ in 0..<Self.maximumSteps {
      // The entries may have changed in every wait.
      guard mayAct, standing?.fence == fence, let index = index(of: key) else { return }
      let action = entries[index].cycle.next(now: now(), using: &random)
      tell(index)
      switch action {
      case .wait(let time):
        entries[index].wakeAt = time
        return
      case .announce:
        acceptAll()
        if !isRescuing {
          guard await look(publishing: notes), standing?.fence == fence else { return }
        }
        guard let index = self.index(of: key) else { return }
        entries[index].cycle.announced(now: now())
      case .send(let call):
        if call.isChange, !(await mayChange()) || standing?.fence != fence {
          if let index = self.index(of: key) { entries[index].cycle.readAgain() }
          return
        }
        guard let index = self.index(of: key) else { return }
        let result = await Self.perform(call, entries[index].client)
        guard let index = self.index(of: key) else { return }
        entries[index].cycle.received(result, now: now(), using: &random)
        tell(index)
        acceptAll()
      }
    }
    if let index = index(of: key) { entries[index].wakeAt = now().monotonic + .seconds(1) }
  }

  private func index(of key: DesiredRegistration.Key) -> Int? {
    entries.firstIndex { $0.cycle.desired.key == key }
  }

  static func perform(
    _ call: DataSourceCall, _ client: DataSourceClient
  ) async -> Result<RegistrationLifeCycle.Answer, DataSourceError> {
    do throws(DataSourceError) {
      return .success(call == .list ? .all(try await client.list()) : .one(try await client.source(call)))
    } catch { return .failure(error) }
  }

  private func tell(_ index: Int) {
    let desired = entries[index].cycle.desired
    for event in entries[index].cycle.takeEvents() { report.tell(event, desired) }
  }

  // MARK: What others are told

  private var notes: [RegistrationNote] {
    let time = now().wall
    return entries.map { $0.cycle.note(now: time) }
  }

  /// Tells the servers that share the lease, where there is something new.
  private func publish() async {
    guard standing?.isHeld == true else { return }
    let notes = notes
    if notes != published { await look(publishing: notes) }
  }

  /// A tenant may have several data sources of one URL, one for each schema: its nonces are those of all of them.
  private func acceptAll() {
    let time = now().wall
    var all: [[String]: Acceptance] = [:]
    for entry in entries {
      let desired = entry.cycle.desired
      let key = [desired.organization, desired.url]
      var one =
        all[key] ?? Acceptance(organization: desired.organization, url: desired.url, nonces: [], isAll: true)
      one.nonces += entry.cycle.nonces.known(now: time).filter { !one.nonces.contains($0) }
      // While the lease cannot be read, another server may be renewing, and nobody would hear of it.
      one.isAll = one.isAll && leaseFailures == 0 && entry.cycle.nonces.isComplete(now: time)
      all[key] = one
    }
    for (key, one) in all where accepted[key] != one { accept(one) }
    accepted = all
  }

  private func show() {
    let time = now().wall
    let isHolder = standing?.isHeld == true
    let statuses = entries.map { $0.cycle.status(isHolder: isHolder, now: time) }
    shown.withLock { $0 = statuses }
    report.show(statuses, isHolder: isHolder, now: time)
  }
}
