import AdminServer
import Basics
import CallGateway
import DataSources
import Foundation
import GRPCTransport
import GatewayConfiguration
import HTTPServing
import Locking
import Logging
import ReplayKit
import ServiceLifecycle
import Telemetry
import TokenVerification
import UnixSignals
import WebexProtocol
import Wire

/// The server's parts, made from the configuration and joined; then run until it is told to end.
package final class RunningServer: Sendable {
  private let configuration: Configuration
  private let loops: EventLoopGroup
  private let gateway: VoiceGateway
  private let media: MediaGateway
  private let health: HealthStatus
  private let server: GRPCServer
  /// The virtual agent over WebSocket; `nil` where the configuration has none.
  private let sockets: SocketServer?
  private let admin: AdminServer
  /// The part in a cluster; `nil` where the configuration has none.
  private let cluster: ClusterParts?
  /// The part among several processes that share the port; `nil` where this is the only one.
  private let process: ProcessParts?
  private let metrics: MetricsRegistry
  /// What is one for all servers of the cluster.
  private let shared: SharedParts?
  private let identity: IdentityParts
  private let recordings: RecordingParts?
  private let traces: TraceParts?
  private let registrar: Registrar?
  private let notifier = SystemdNotifier(path: ProcessInfo.processInfo.environment["NOTIFY_SOCKET"])
  private let log: Logger
  /// None in the embedded demo, which has no file.
  private let reloader: Reloader?
  private let certificates: CertificateWatch
  private let state: ServerState
  /// Whether the operator has asked for a drain at the admin port.
  private let isAskedToDrain = Awaited(false)
  /// Whether the operator has asked for the end a second time.
  private let isHurried = Awaited(false)

  /// Joins the parts. Throws where a key or a file cannot be had.
  ///
  /// - Parameters:
  ///   - path: the configuration's file, to be read again when it changes.
  ///   - place: among several processes; `nil` where this is the only one.
  init(
    _ loaded: Configuration.Loaded, of path: String?, agents: AgentDirectory, metrics: MetricsRegistry,
    place: ProcessPlace?, sink: LogSink, log: Logger
  ) throws {
    let configuration = loaded.configuration
    process = place.map { ProcessParts($0, log: log) }
    self.metrics = metrics
    self.configuration = configuration
    self.log = log
    let traces = try TraceParts(configuration, log: log)
    self.traces = traces
    identity = try IdentityParts(configuration, tracer: traces?.recorder, log: log)
    recordings = try RecordingParts(configuration, log: log)
    let dataSources = DataSourceAccess(configuration)
    cluster = try configuration.cluster.map { try ClusterParts($0, log: log) }
    let registrar = dataSources?.registrar(
      configuration, tenants: identity.tenants, redis: cluster?.redis, log: log)
    self.registrar = registrar
    gateway = VoiceGateway(
      verifier: identity.verifier, agents: agents, limits: configuration.gatewayLimits,
      clientNames: configuration.listen.tls?.clientNames ?? [],
      socketClientNames: configuration.webSocket?.tls?.clientNames ?? [], recordings: recordings?.calls,
      tracer: traces?.recorder, replicas: cluster?.link ?? process?.link, log: log)
    loops = try EventLoopGroup(count: configuration.listen.queues, logger: log)
    media = MediaGateway(
      gateway: gateway, settings: try configuration.mediaSettings(recordings: recordings?.calls, log: log), log: log)
    let services = ["", "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent"] + media.services
    health = HealthStatus(Dictionary(uniqueKeysWithValues: services.map { ($0, .notServing) }))
    var methods =
      gateway.methods + media.methods + HealthService.grpc(health).methods
      + HealthService(name: "com.cisco.wcc.ccai.v1.Health", status: health).methods
    if configuration.listen.reflects {
      methods += ReflectionService(sets: PublishedSchemas.descriptorSets, methods: methods).methods
        .map(gateway.guarded)
    }
    server = GRPCServer(
      configuration: configuration.serverConfiguration(of: process?.number), loops: loops, methods: methods, logger: log
    )
    sockets = try configuration.webSocket.map { [gateway, loops] port in
      SocketServer(
        .init(host: port.address.host, port: port.address.port), conversations: configuration.limits.conversations,
        gateway: gateway, loops: loops,
        tls: try port.tls.map { try ServerTLS($0.files, listener: "websocket \(port.address)", logger: log) },
        sharesPort: place != nil, log: log)
    }
    let adminListener = "admin \(configuration.admin.address)"
    // Of several processes the supervisor has that port, and asks each at one of its own.
    let adminTLS =
      try place == nil
      ? configuration.admin.tls.map { try ServerTLS($0.files, listener: adminListener, logger: log) } : nil
    let inForce = Locked<@Sendable () -> Configuration>({ configuration })
    let certificates = CertificateWatch(
      [
        .init(
          certificates: { [server] in server.lookAtCertificates() },
          hosts: { inForce.withLock { $0 }().namedHosts }),
        .init(
          certificates: { [sockets] in sockets?.lookAtCertificate() ?? [] },
          hosts: { inForce.withLock { $0 }().namedHosts(ofSockets: true) }),
        .init(certificates: { adminTLS?.look().map { [$0] } ?? [] }, hosts: nil),
      ], log: log)
    self.certificates = certificates
    let state = ServerState(
      gateway: gateway, media: media, identity: identity, registrar: registrar, services: services)
    let shared = cluster.map { [identity] in SharedParts($0, state: state, identity: identity, log: log) }
    self.shared = shared
    if let shared { state.share(shared) }
    if let sharing = process?.sharing {
      gateway.shareLimits { organization, _, limit in sharing.ceiling(of: organization, limit: limit) }
    }
    let health = self.health
    let reports = ReloadReports()
    let reported = ReportedParts(
      certificates: certificates, sink: sink, configuration: { inForce.withLock { $0 }() }, reloads: reports)
    let ownToken = process?.token
    admin = AdminServer(
      address: process == nil
        ? .init(host: configuration.admin.address.host, port: configuration.admin.address.port)
        : .init(host: "127.0.0.1", port: 0),
      token: try ownToken ?? configuration.admin.readToken(environment: ProcessInfo.processInfo.environment),
      metrics: metrics,
      readiness: { state.publishedReadiness(to: health) }, status: { state.snapshot(of: reported) },
      callEnding: .mediaStreams, tls: adminTLS, handshakeFailed: HandshakeFailure.counting(on: adminListener),
      logger: log)
    self.state = state
    LoadFigures.register(in: metrics, gateway: gateway)
    admin.addQuestion(VerificationCall(verifier: identity.verifier, file: path).respond, at: VerificationCall.path)
    var register: (@Sendable (Configuration) -> Void)?
    if let dataSources, let registrar { register = { registrar.reconfigure(dataSources.registrations($0)) } }
    let parts = Reloader.Parts(
      server: server, gateway: gateway, media: media, recordings: recordings, identity: identity, admin: admin,
      sink: sink, notifier: notifier, reports: reports, token: ownToken, register: register)
    let adapt: @Sendable (Configuration) -> Configuration = { place?.adapt($0) ?? $0 }
    let reloader = try path.map { try Reloader(path: $0, loaded: loaded, adapt: adapt, parts: parts, log: log) }
    self.reloader = reloader
    if let reloader { inForce.withLock { $0 = { reloader.configuration } } }
    if let reloader {
      let revocations = RevocationCall(
        reloader: reloader, tenants: identity.tenants, share: shared.map { $0.exchange.revoke }, log: log)
      admin.add(revocations.respond, at: "/revocations")
      admin.add(OperatorCalls.reload(state, reloader), at: "/reload")
    }
    admin.add(OperatorCalls.drain(state, asked: isAskedToDrain, log: log), at: "/drain")
    state.addDetails(to: admin)
    admin.addPage("runbook.html", at: "/runbook")
    if let recordings {
      admin.addGuarded(CallListening(recordings.calls.service, of: gateway).respond, below: CallListening.path)
    }
  }

  /// Serves until the operator asks for the end, then drains. Throws where an address cannot be bound, and where the
  /// server's own port is lost.
  func run(until signals: UnixSignalsSequence) async throws {
    traces?.bootstrap()
    CoreGuard.configure(configuration.limits.connections)
    // Before a caller can come whose conversation others are to be told of.
    let clusterAddress = try cluster?.start(gateway: gateway, loops: loops)
    try process?.start(gateway: gateway, loops: loops)
    let ports = try server.start()
    // Before anybody can know that there is a server to call.
    let token = try ports.first.flatMap { try identity.leaveToken(port: $0, .grpc) }
    defer { token?.remove() }
    let socketPort = try sockets?.start()
    let socketToken = try socketPort.flatMap { try identity.leaveToken(port: Int($0), .socket) }
    defer { socketToken?.remove() }
    if configuration.admin.hasPhone, let port = ports.first {
      PhoneParts(
        configuration, bound: (port, socketPort), identity: identity, gateway: gateway, loops: loops
      ).add(to: admin)
    }
    let bound = try await admin.start()
    state.publish(to: health)
    if let registrar { identity.verifier.onUnknownNonce { registrar.question(organization: $0) } }
    if let clusterAddress { Log.announce(.cluster(on: clusterAddress)) }
    if let process, let port = ports.last {
      // The supervisor announces all of them.
      process.listens(on: port, admin: Int(bound.port))
    } else {
      announce(ports, sockets: socketPort, admin: bound, token)
    }
    warn()
    notifier.tell(.ready(status: "in force: the configuration of the start"))

    // They end in the reverse order, each when the one below has ended.
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: upkeep(token, socketToken), serviceName: "upkeep"),
      .init(
        service: ClosureService {
          try? await gracefulShutdown()
          await self.end()
        }, serviceName: "calls"),
    ]
    if let reloader { services.append(.init(service: reloader, serviceName: "reloader")) }
    // Of a port that several share, a connection may reach any of them.
    if let port = ports.last {
      services.append(
        .init(
          service: PortProbe(
            configuration.listen, host: process.map { configuration.listen.ownAddress(of: $0.number).ownHost },
            port: port, state: state, answered: { [notifier] in notifier.tell(.alive) },
            log: log),
          failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "port probe"))
    }
    let group = ServiceGroup(configuration: .init(services: services, logger: log))
    async let _ = heed(signals, ending: group)
    async let _ = drainWhenAsked(group)
    async let _ = heedSupervisor(ending: group)
    try await group.run()
  }

  /// Tells where the server is, and what an operator should know of it.
  private func announce(
    _ ports: [Int], sockets socketPort: UInt16?, admin bound: AdminServer.Address, _ token: DemoToken.Kept?
  ) {
    if let port = ports.first {
      Log.announce(
        .listening(on: NetworkAddress(host: configuration.listen.address.host, port: UInt16(clamping: port))))
    }
    if let socketPort, let address = configuration.webSocket?.address {
      Log.announce(.webSocket(on: NetworkAddress(host: address.host, port: socketPort)))
    }
    Log.announce(.admin(on: bound))
    if let token {
      Log.announce(.notice("\(configuration.isDemo ? "demo" : "development") token in \(token.path)"))
    }
  }

  private func warn() {
    if configuration.identity.isDevelopment, !configuration.isDemo {
      log.warning(
        "identity.development is on: tokens are made by this process, and whoever can read this user's files can call")
    }
    if CoreGuard.isActive {
      log.info("connections are guarded")
    } else {
      log.warning("connections are not guarded: this libgrpc is not the known build; see Docs/connections.md")
    }
  }

  private func upkeep(_ token: DemoToken.Kept?, _ socketToken: DemoToken.Kept?) -> Upkeep {
    var works: [Upkeep.Work] = [
      { [identity] in await identity.keepKeysFresh() },
      { [gateway, loops] in await gateway.watchLoad(of: loops) },
      Upkeep.every(.milliseconds(100)) { [state, health] in state.publish(to: health) },
      Upkeep.every(.seconds(1)) { [certificates] in
        certificates.look(wall: WallClock.now(), monotonic: MonotonicClock.now())
      },
      Upkeep.every(.seconds(1), KeySetFigures()) { [identity] in $0.record(identity.keyStatus) },
      Upkeep.every(.seconds(1), ConnectionFigures()) { $0.record() },
      Upkeep.every(.seconds(1)) { [gateway] in gateway.noteLiveCalls(now: MonotonicClock.now()) },
      Upkeep.every(.seconds(1), MemoryWatch(gateway: gateway, log: log)) { $0.read() },
    ]
    for (kept, wire) in [(token, DemoToken.Wire.grpc), (socketToken, .socket)] {
      guard let kept else { continue }
      works.append { [identity, log] in await identity.keepTokenFresh(kept, wire, log: log) }
    }
    // What has ended by then is exported within the time that all this work is given at the end.
    if let traces { works.append { await traces.export() } }
    if let recordings { works.append { await recordings.keepInOrder() } }
    if let registrar { works.append { await registrar.run() } }
    if let cluster { works += cluster.upkeep }
    if let shared { works.append { await shared.exchange.run() } }
    if let process { works += process.upkeep(state, metrics: metrics) }
    return Upkeep(works)
  }

  /// SIGHUP reads the configuration again; SIGTERM and SIGINT drain, and a second one of them ends the drain.
  private func heed(_ signals: UnixSignalsSequence, ending group: ServiceGroup) async {
    for await signal in signals {
      switch (signal, state.isDraining) {
      case (.sighup, true): break
      case (.sighup, false):
        guard let reloader else {
          log.notice("SIGHUP: the embedded demo has no file to read again")
          continue
        }
        reloader.reload("SIGHUP")
      case (_, false):
        state.isDraining = true
        await group.triggerGracefulShutdown()
      case (_, true) where process != nil: break
      case (_, true): await hurry()
      }
    }
  }

  /// What the supervisor says, where there is one: it speaks for the operator.
  private func heedSupervisor(ending group: ServiceGroup) async {
    guard let process else { return }
    for await order in process.orders {
      switch order {
      case .reload: if !state.isDraining { reloader?.reload("SIGHUP") }
      case .hurry: await hurry()
      case .drain:
        guard !state.isDraining else { continue }
        state.isDraining = true
        await group.triggerGracefulShutdown()
      }
    }
  }

  /// As at the first SIGTERM.
  private func drainWhenAsked(_ group: ServiceGroup) async {
    guard await isAskedToDrain.first({ $0 ? true : nil }) != nil, !state.isDraining else { return }
    state.isDraining = true
    await group.triggerGracefulShutdown()
  }

  /// How long a status waits at most while the server ends.
  private static let lastStatusHold = Duration.milliseconds(500)
  /// What closing the ports, recordings and registrations takes at most, after the calls.
  private static let lastSteps = Duration.seconds(15)

  /// Balancers are given time to notice, then live calls run to their end, as long as the configuration gives them; a
  /// second request cuts that short.
  private func end() async {
    state.isDraining = true
    state.publish(to: health)
    let shutdown = (reloader?.configuration ?? configuration).shutdown
    let limit = shutdown.drain
    notifier.tell(
      .stopping(
        within: shutdown.notice + limit + shutdown.grace + ConversationStateMachine.longestHandOver + Self.lastSteps,
        status: "draining; conversations that are live: \(gateway.liveConversations)"))
    if shutdown.notice > .zero {
      log.notice(
        "not ready any more; new calls are taken on for a while",
        metadata: ["seconds": "\(shutdown.notice.components.seconds)"])
      _ = await isHurried.first(within: shutdown.notice) { $0 ? true : nil }
    }
    // Who is cut short at the end has the last message by then, and most have half-closed.
    server.statusHold = min(server.statusHold, Self.lastStatusHold)
    log.notice(
      "draining: no new conversations",
      metadata: ["live": "\(gateway.liveConversations)", "limit_s": "\(limit.components.seconds)"])
    // A socket comes back to no conversation.
    sockets?.stopAccepting()
    async let calls: Void = gateway.drain(limit: limit, grace: shutdown.grace)
    await media.drain(limit: limit)
    await calls
    await process?.waitForOthers(
      within: limit + shutdown.grace + ConversationStateMachine.longestHandOver,
      unless: { [isHurried] in isHurried.withLock { $0 } })
    health.finish()
    if let sockets {
      await gateway.waitForSockets(within: server.statusHold + .seconds(2))
      sockets.stop()
    }
    await server.shutdown(grace: server.statusHold + .seconds(2))
    await cluster?.stop()
    await process?.stop()
    admin.stop()
    await loops.shutdown()
    await recordings?.finish()
    log.notice("ended")
  }

  /// Ends the drain now.
  private func hurry() async {
    log.warning("asked again: ending now")
    isHurried.change { $0 = true }
    async let calls: Void = gateway.drain(limit: .zero, grace: nil)
    await media.drain(limit: .zero)
    await calls
  }
}
