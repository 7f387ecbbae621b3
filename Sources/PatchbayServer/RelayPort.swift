import CallGateway
import GRPCTransport
import Locking
import Logging

/// Where the other servers, or the other processes of this one, hand on the RPCs of their callers.
final class RelayPort: Sendable {
  private let link: ReplicaLink
  private let server = Locked<GRPCServer?>(nil)
  private let log: Logger

  /// Nothing listens yet.
  init(_ link: ReplicaLink, log: Logger) {
    self.link = link
    self.log = log
  }

  /// Listens; returns the port, where the address has one.
  func start(
    at address: String, security: GRPCServer.Configuration.Security = .plaintext, gateway: VoiceGateway,
    loops: EventLoopGroup
  ) throws -> Int? {
    var arguments = ChannelArguments.server
    // Each of the others hands on the RPCs of all its callers over few connections.
    arguments["grpc.max_concurrent_streams"] = 100_000
    arguments["grpc.max_connection_idle_ms"] = nil
    let server = GRPCServer(
      configuration: .init(
        listeners: [.init(address: address, security: security)], channelArguments: arguments,
        maximumSendQueue: 4 << 20),
      loops: loops, methods: RelayService(gateway: gateway, link: link, log: log).methods, logger: log)
    let ports = try server.start()
    self.server.withLock { $0 = server }
    return ports.first
  }

  /// The calls are over.
  func stop() async { await server.withLock { $0.take() }?.shutdown(grace: .seconds(2)) }
}
