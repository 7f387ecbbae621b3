import AdminServer
import Basics
import BotEngines
import CallGateway
import Dispatch
import Foundation
import GRPCTransport
import GatewayConfiguration
import Locking
import Logging
import ServiceLifecycle
import Telemetry
import TokenVerification
import YAMLReading

/// Reads the configuration again, when it is asked to and when a file of it has changed, and puts it in force while
/// calls are up. A file with any mistake in it is refused as a whole.
///
/// `@unchecked Sendable`: `state` is touched on `queue` only, whose thread may block on files; all else is constant and
/// `Sendable`.
final class Reloader: Service, @unchecked Sendable {
  /// What a configuration is put in force in.
  struct Parts: Sendable {
    let server: GRPCServer
    let gateway: VoiceGateway
    let media: MediaGateway
    let recordings: RecordingParts?
    let identity: IdentityParts
    let admin: AdminServer
    let sink: LogSink?
    let notifier: SystemdNotifier
    let reports: ReloadReports
    /// What is to be shown at the admin port, whatever the configuration says of it; `nil` is what it says.
    let token: String?
    /// Has the tenants' data sources registered; nil where nothing is.
    let register: (@Sendable (Configuration) -> Void)?
  }

  private struct State {
    /// The files whose change is a change of the configuration, its own first.
    var files: [String]
    var detector: ChangeDetector<[FileStamp]>
    /// What the files of each agent were when its engine was made.
    var agentFiles: [String: [FileStamp]]
    var revocations: RevocationWatch?
    var ticks = 0
  }

  /// How often files are looked at, in milliseconds.
  private static let interval = 250
  /// How long a changed file has to stay as it is.
  private static let quiet: Duration = .milliseconds(200)

  private let path: String
  private let adapt: @Sendable (Configuration) -> Configuration
  let parts: Parts
  let log: Logger
  let metrics = ReloadMetrics()
  private let inForce: Locked<Configuration>
  private let queue = DispatchQueue(label: "patchbay.configuration")
  private let timer: any DispatchSourceTimer
  private var state: State

  /// - Parameters:
  ///   - loaded: what is in force, from the file at `path`.
  ///   - adapt: makes what the file says what this process has.
  init(
    path: String, loaded: Configuration.Loaded, adapt: @escaping @Sendable (Configuration) -> Configuration = { $0 },
    parts: Parts, log: Logger
  ) throws(ConfigurationError) {
    self.path = path
    self.adapt = adapt
    self.parts = parts
    self.log = log
    inForce = Locked(loaded.configuration)
    let files = Self.watched(path, loaded)
    let now = MonotonicClock.now()
    state = State(
      files: files, detector: ChangeDetector(files.map(FileStamp.init(of:)), quiet: Self.quiet),
      agentFiles: Self.agentFiles(loaded), revocations: try Self.revocationWatch(loaded.configuration, at: now))
    timer = DispatchSource.makeTimerSource(queue: queue)
    parts.reports.hasFile()
    report(loaded.configuration, isFirst: true)
  }

  /// What is in force.
  var configuration: Configuration { inForce.withLock { $0 } }

  /// Looks at the files, until the server is to end.
  func run() async {
    timer.setEventHandler { [weak self] in self?.look() }
    timer.schedule(
      deadline: .now(), repeating: .milliseconds(Self.interval), leeway: .milliseconds(Self.interval / 10))
    timer.resume()
    try? await gracefulShutdown()
    timer.cancel()
  }

  /// A revocation has been written into the file: from when it has been found there, the file alone decides.
  func leaveToFile(_ revocation: Configuration.Revocation) {
    queue.async {
      self.lookAtRevocations()
      guard self.state.revocations?.effective.contains(revocation) ?? false else { return }
      self.parts.identity.tenants.leaveToOthers(revocation)
    }
  }

  /// Reads the configuration, changed or not.
  func reload(_ reason: String) { queue.async { self.read(reason) } }

  // MARK: On the queue

  private func look() {
    lookAtRevocations()
    state.ticks += 1
    let stamps = state.files.map(FileStamp.init(of:))
    if state.detector.observe(stamps, at: MonotonicClock.now()) { read("a file has changed") }
    if state.ticks % 4 == 0, parts.identity.tenants.hasRetired {
      parts.identity.tenants.forgetRetired(except: parts.gateway.liveOrganizations)
    }
  }

  private func lookAtRevocations() {
    guard let file = configuration.identity.revocationsFile else { return }
    let outcome = state.revocations?.observe(FileStamp(of: file), at: MonotonicClock.now()) {
      () throws(ConfigurationError) in try Configuration.Revocation.read(file: file)
    }
    switch outcome {
    case .changed(let revocations):
      parts.identity.tenants.revoke(revocations, by: .file)
      metrics.revoked(parts.identity.tenants.revocations)
      parts.reports.revocations([])
      log.notice("revocations read", metadata: ["file": "\(file)", "count": "\(revocations.count)"])
    case .refused(let error):
      let problems = error.problems.map(\.description)
      parts.reports.revocations(problems)
      refuse(problems, "the file of revocations")
    case nil: break
    }
  }

  private func read(_ reason: String) {
    state.detector.settle(state.files.map(FileStamp.init(of:)), at: MonotonicClock.now())
    parts.notifier.tell(.reloading)
    var problems: [String] = []
    do {
      var loaded = try Configuration.load(file: path, environment: ProcessInfo.processInfo.environment)
      loaded.configuration = adapt(loaded.configuration)
      try apply(loaded, reason)
    } catch let error as ConfigurationError {
      problems = error.problems.map(\.description)
    } catch {
      problems = ["\(error)"]
    }
    if !problems.isEmpty {
      parts.reports.refused(problems)
      refuse(problems, "the configuration")
    }
    let status = problems.first.map { "the last change of the configuration is refused: \($0)" }
    parts.notifier.tell(.ready(status: status ?? "in force: the last change of the configuration"))
  }

  /// Makes everything that can fail, and only then changes anything.
  private func apply(_ loaded: Configuration.Loaded, _ reason: String) throws {
    let old = configuration
    let changes = ConfigurationChanges(from: old, to: loaded.configuration)
    let new = changes.effective
    // The versions of before the reading: what is written meanwhile is another change.
    let files = Self.watched(path, loaded)
    let stamps = files.map(FileStamp.init(of:))
    let agentFiles = Self.agentFiles(loaded)
    let policy = try new.claimPolicy()
    let issuers = try new.identity.trustedIssuers()
    let now = MonotonicClock.now()
    let revocations = try Self.revocationWatch(new, at: now)
    let token = try new.admin.readToken(environment: ProcessInfo.processInfo.environment)
    let agents = try new.agentDirectory(log: log, keeping: keptAgents(old, new, agentFiles))
    let media = old.media == new.media ? nil : try new.mediaSettings(recordings: parts.recordings?.calls, log: log)

    parts.identity.trust(issuers)
    parts.identity.tenants.configure(policy)
    parts.identity.tenants.revoke(revocations?.effective ?? [], by: .file)
    parts.gateway.settings = VoiceGateway.Settings(
      agents: agents, limits: new.gatewayLimits, clientNames: new.listen.tls?.clientNames ?? [],
      socketClientNames: new.webSocket?.tls?.clientNames ?? [])
    parts.server.statusHold = new.limits.statusHold
    if let media { parts.media.settings = media }
    CoreGuard.configure(new.limits.connections)
    parts.recordings?.update(new)
    parts.admin.token = parts.token ?? token
    parts.sink?.level = new.logging.level
    parts.register?(new)
    inForce.withLock { $0 = new }

    for warning in loaded.warnings {
      log.warning("the configuration has something that is probably not meant", metadata: ["what": "\(warning)"])
    }
    let reread = new.agents.map(\.id).filter { id in
      state.agentFiles[id].map { $0 != agentFiles[id] } ?? false && !changes.agents.changed.contains(id)
    }
    report(new, isFirst: false)
    report(changes, reread: reread, reason)
    state.agentFiles = agentFiles
    state.revocations = revocations
    if files != state.files {
      state.files = files
      state.detector.settle(stamps, at: now)
    }
  }

  /// Agents that stay, with their engines, connections and breakers: those with nothing changed of what they are made
  /// from. A script is always read again, for its sounds may have changed.
  private func keptAgents(
    _ old: Configuration, _ new: Configuration, _ files: [String: [FileStamp]]
  ) -> [String: CallGateway.Agent] {
    guard old.limits.idle == new.limits.idle, old.limits.lostAfter == new.limits.lostAfter else { return [:] }
    let before = Dictionary(old.agents.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let agents = parts.gateway.settings.agents.agentsByID
    var kept: [String: CallGateway.Agent] = [:]
    for agent in new.agents {
      if case .scripted = agent.engine { continue }
      guard before[agent.id] == agent, state.agentFiles[agent.id] == files[agent.id] else { continue }
      kept[agent.id] = agents[agent.id]
    }
    return kept
  }
}
