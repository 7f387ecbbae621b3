import Basics
import AdminServer
import CallGateway
import DataSources
import Foundation
import GRPCTransport
import GatewayConfiguration
import HTTPServing
import Locking
import Logging
import Telemetry
import Wire

/// The server's parts, made from the configuration and joined; then run until it is told to end.
package final class RunningServer: Sendable {
  let configuration: Configuration
  let loops: EventLoopGroup
  let gateway: VoiceGateway
  let media: MediaGateway
  let health: HealthStatus
  let server: GRPCServer
  /// The virtual agent over WebSocket; `nil` where the configuration has none.
  let sockets: SocketServer?
  let admin: AdminServer
  /// The part in a cluster; `nil` where the configuration has none.
  let cluster: ClusterParts?
  /// The part among several processes that share the port; `nil` where this is the only one.
  let process: ProcessParts?
  let metrics: MetricsRegistry
  /// What is one for all servers of the cluster.
  let shared: SharedParts?
  let identity: IdentityParts
  let recordings: RecordingParts?
  let traces: TraceParts?
  let registrar: Registrar?
  let notifier = SystemdNotifier(path: ProcessInfo.processInfo.environment["NOTIFY_SOCKET"])
  let log: Logger
  /// None in the embedded demo, which has no file.
  let reloader: Reloader?
  let certificates: CertificateWatch
  let state: ServerState
  /// Whether the operator has asked for a drain at the admin port.
  let isAskedToDrain = Awaited(false)
  /// Whether the operator has asked for the end a second time.
  let isHurried = Awaited(false)

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
        port.address, conversations: configuration.limits.conversations,
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
      address: process == nil ? configuration.admin.address : NetworkAddress(host: "127.0.0.1", port: 0),
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
}
