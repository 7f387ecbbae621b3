import AdminServer
import ArgumentParser
import CallGateway
import Foundation
import GRPCTransport
import GatewayConfiguration
import Logging
import Synchronization
import Telemetry
import TokenVerification

/// The server's parts, made from the configuration and joined; then run until it is told to end.
struct RunningServer: Sendable {
  private let configuration: Configuration
  private let loops: EventLoopGroup
  private let gateway: VoiceGateway
  private let health: HealthStatus
  private let server: GRPCServer
  private let admin: AdminServer
  private let keys: (any KeySource, remote: RemoteKeySource?)
  private let isDraining: Flag
  private let log: Logger

  /// Binds both ports. Throws where an address, a file or an engine cannot be had.
  init(_ configuration: Configuration) async throws {
    let metrics = Log.start(configuration)
    let log = Logger(label: "patchbay")
    self.configuration = configuration
    self.log = log

    let identity = try IdentityParts(configuration, log: log)
    keys = (identity.keys, identity.remote)
    let gateway = VoiceGateway(
      verifier: identity.verifier, agents: try configuration.agentDirectory(), limits: configuration.gatewayLimits,
      log: log)
    self.gateway = gateway

    loops = try EventLoopGroup(count: configuration.listen.queues, logger: log)
    health = HealthStatus()
    server = GRPCServer(
      configuration: configuration.serverConfiguration, loops: loops,
      methods: gateway.methods + health.methods(prefix: "grpc.health.v1.Health")
        + gateway.guarded(health.methods(prefix: "com.cisco.wcc.ccai.v1.Health")),
      logger: log)
    let isDraining = Flag()
    self.isDraining = isDraining
    let remote = identity.remote
    let readiness: @Sendable () -> Readiness = {
      var reasons: [String] = []
      if isDraining.isSet { reasons.append("the server is draining") }
      if let remote, !remote.isReady { reasons.append("no issuer's keys are there yet") }
      return Readiness(reasons: reasons)
    }
    admin = AdminServer(
      address: .init(host: configuration.admin.address.host, port: configuration.admin.address.port),
      token: try configuration.admin.token?.read(environment: ProcessInfo.processInfo.environment), metrics: metrics,
      readiness: readiness, status: { gateway.snapshot(limits: configuration.gatewayLimits, readiness: readiness()) },
      logger: log)
  }
}
