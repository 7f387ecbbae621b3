import Basics
import CallGateway
import Foundation
import Certificates
import GRPCTransport
import GatewayConfiguration
import Locking
import Logging
import Ownership
import RedisClient

/// This server's part in a cluster: its connection to Redis, its port for the other servers, and what it says of
/// itself.
final class ClusterParts: Sendable {
  /// What the gateway is given.
  let link: ReplicaLink
  private let configuration: Configuration.Cluster
  /// The servers' Redis. It is there to the end of the process: the last of all take leave of it.
  let redis: RedisConnection
  private let server = Locked<GRPCServer?>(nil)
  /// How often Redis was reached.
  private let reached: Awaited<Int>
  private let log: Logger

  /// Nothing listens yet. Throws where the secret, a certificate or Redis' address cannot be used.
  init(_ configuration: Configuration.Cluster, log: Logger) throws {
    self.configuration = configuration
    self.log = log
    let secret = try configuration.readSecret(environment: ProcessInfo.processInfo.environment)
    let reached = Awaited(0)
    self.reached = reached
    redis = try RedisConnection(try configuration.redisSettings(), log: log) { state in
      if state.isConnected { reached.change { $0 += 1 } }
    }
    var security = GRPCChannel.Security.plaintext
    if let tls = configuration.tls {
      security = .tls(
        ClientTLS(
          rootsPEM: try Self.text(tls.authority), serverName: tls.name,
          certificate: (try Self.text(tls.certificate), try Self.text(tls.key))))
    }
    let keeper = OwnershipKeeper(
      Replica(startingAt: "\(configuration.address)"), store: RedisOwnershipStore(redis),
      settings: .init(lease: configuration.lease), log: log)
    link = ReplicaLink(keeper: keeper, secret: secret, security: security)
  }

  private static func text(_ path: String) throws -> String {
    try BoundedFile.text(path, maximum: 1 << 20)
  }

  /// Listens for the other servers. Returns where.
  func start(gateway: VoiceGateway, loops: EventLoopGroup) throws -> NetworkAddress {
    let tls = configuration.tls.map {
      GRPCServer.Configuration.Security.tls(
        TLSFiles(certificate: $0.certificate, key: $0.key, clientCA: $0.authority))
    }
    var arguments = ChannelArguments.server
    // A server hands on the RPCs of all its callers over few connections.
    arguments["grpc.max_concurrent_streams"] = 100_000
    arguments["grpc.max_connection_idle_ms"] = nil
    let server = GRPCServer(
      configuration: .init(
        listeners: [.init(address: "\(configuration.address)", security: tls ?? .plaintext)],
        channelArguments: arguments, maximumSendQueue: 4 << 20),
      loops: loops, methods: RelayService(gateway: gateway, link: link, log: log).methods, logger: log)
    let ports = try server.start()
    self.server.withLock { $0 = server }
    let address = NetworkAddress(
      host: configuration.address.host, port: UInt16(clamping: ports.first ?? Int(configuration.address.port)))
    link.keeper.own.address = "\(address)"
    return address
  }

  /// What goes on beside the calls.
  var upkeep: [Upkeep.Work] {
    let keeper = link.keeper
    let often = keeper.settings.lease / 6
    return [
      Upkeep.every(often) { keeper.tick() },
      Upkeep.every(often) { await keeper.tend() },
      { [reached] in
        var last = 0
        while let times = await reached.first({ $0 == last ? nil : $0 }) {
          last = times
          await keeper.tend()
        }
      },
    ]
  }

  /// The calls are over: others know at once that this server is gone.
  func stop() async {
    link.keeper.leave()
    await server.withLock { $0.take() }?.shutdown(grace: .seconds(2))
  }
}
