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
  private let port: RelayPort
  /// How often Redis was reached.
  private let reached: Awaited<Int>

  /// Nothing listens yet. Throws where the secret, a certificate or Redis' address cannot be used.
  init(_ configuration: Configuration.Cluster, log: Logger) throws {
    self.configuration = configuration
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
    port = RelayPort(link, log: log)
  }

  private static func text(_ path: String) throws -> String {
    try BoundedFile.text(path, maximum: 1 << 20)
  }

  /// Listens for the other servers. Returns where.
  func start(gateway: VoiceGateway, loops: EventLoopGroup) throws -> NetworkAddress {
    let tls = configuration.tls.map { TLSFiles(certificate: $0.certificate, key: $0.key, clientCA: $0.authority) }
    let bound = try port.start(
      at: "\(configuration.address)", security: tls.map { .tls($0) } ?? .plaintext, gateway: gateway, loops: loops)
    let address = NetworkAddress(
      host: configuration.address.host, port: UInt16(clamping: bound ?? Int(configuration.address.port)))
    link.keeper.own.address = "\(address)"
    return address
  }

  /// What goes on beside the calls.
  var upkeep: [Upkeep.Work] {
    let keeper = link.keeper
    return [
      Upkeep.every(keeper.settings.lease / 6) { await keeper.tend() },
      { [reached] in
        var last = 0
        while let times = await reached.first({ $0 == last ? nil : $0 }) {
          last = times
          await keeper.tend()
        }
      },
    ]
  }

  /// Notices that the server was paused.
  var tick: Beats.Beat { .every(link.keeper.settings.lease / 6) { [link] in link.keeper.tick() } }

  /// The calls are over: others know at once that this server is gone.
  func stop() async {
    link.keeper.leave()
    await port.stop()
  }
}
