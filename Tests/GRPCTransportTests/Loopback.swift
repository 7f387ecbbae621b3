import GRPCTransport
import Logging

/// A server and a channel to it in this process, over plaintext unless said otherwise.
final class Loopback: Sendable {
  let group: EventLoopGroup
  let server: GRPCServer
  let channel: GRPCChannel
  let port: Int

  init(
    methods: [ServerMethod], loops: Int = 1, clientLoops: EventLoopGroup? = nil,
    security: GRPCServer.Configuration.Security = .plaintext, client: GRPCChannel.Security = .plaintext,
    clientOptions: GRPCChannel.Options = .init(waitsForConnection: true),
    configure: (inout GRPCServer.Configuration) -> Void = { _ in }
  ) throws {
    let logger = Logger(label: "test")
    group = try EventLoopGroup(count: loops, logger: logger)
    var configuration = GRPCServer.Configuration(listeners: [.init(address: "127.0.0.1:0", security: security)])
    configure(&configuration)
    server = GRPCServer(configuration: configuration, loops: group, methods: methods, logger: logger)
    let ports = try server.start()
    port = ports.first ?? 0
    channel = try GRPCChannel(
      target: "127.0.0.1:\(port)", security: client, loop: group.nextLoop(), options: clientOptions)
  }

  func stop(grace: Duration = .zero) async {
    channel.close()
    await server.shutdown(grace: grace)
    await group.shutdown()
  }
}

/// Runs a test against a loopback server and takes everything down in the end, whatever happened.
func withLoopback(
  _ methods: [ServerMethod], loops: Int = 1, clientOptions: GRPCChannel.Options = .init(waitsForConnection: true),
  configure: (inout GRPCServer.Configuration) -> Void = { _ in },
  _ body: (Loopback) async throws -> Void
) async throws {
  let loopback = try Loopback(methods: methods, loops: loops, clientOptions: clientOptions, configure: configure)
  do {
    try await body(loopback)
  } catch {
    await loopback.stop()
    throw error
  }
  await loopback.stop()
}
