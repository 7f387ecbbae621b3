import GRPCTransport

/// The way to other replicas.
protocol RelayNetwork: AnyObject, Sendable {
  /// Opens an RPC on the caller's loop; the handler is never called from within. `nil` where none can be made.
  func open(
    to address: String, path: String, headers: Metadata, deadline: Duration?, on loop: any LoopExecutor,
    handler: any ClientCallHandler
  ) -> (any OutgoingRPC)?
}

/// Connections to other replicas: one to each from each loop, made when the first RPC needs it.
final class RelayChannels: RelayNetwork {
  /// Replicas that a loop keeps connections to.
  private static let maximumChannels = 256
  /// Bytes that may wait to be sent, an RPC: the caller is not read for long before.
  private static let maximumQueue = 1 << 20

  private final class Channels {
    var byAddress: [String: GRPCChannel] = [:]
  }

  private let security: GRPCChannel.Security
  private let channels = PerLoop { Channels() }

  init(security: GRPCChannel.Security) { self.security = security }

  func open(
    to address: String, path: String, headers: Metadata, deadline: Duration?, on loop: any LoopExecutor,
    handler: any ClientCallHandler
  ) -> (any OutgoingRPC)? {
    guard let loop = loop as? EventLoop, let channel = channel(to: address, on: loop) else { return nil }
    return channel.startCall(path: path, metadata: headers, deadline: deadline, handler: handler)
  }

  private func channel(to address: String, on loop: EventLoop) -> GRPCChannel? {
    let known = channels.on(loop)
    if let channel = known.byAddress[address] { return channel }
    if known.byAddress.count >= Self.maximumChannels, let one = known.byAddress.keys.first {
      // Those of its RPCs that are open end with it; there are never so many replicas at once.
      known.byAddress.removeValue(forKey: one)?.close()
    }
    var options = GRPCChannel.Options()
    options.maximumSendQueue = Self.maximumQueue
    options.channelArguments["grpc.max_metadata_size"] = 65_536
    // An owner that is gone is found out within seconds, and one that is back is reached soon.
    options.channelArguments["grpc.keepalive_time_ms"] = 20_000
    options.channelArguments["grpc.keepalive_timeout_ms"] = 3_000
    options.channelArguments["grpc.initial_reconnect_backoff_ms"] = 100
    options.channelArguments["grpc.min_reconnect_backoff_ms"] = 1_000
    options.channelArguments["grpc.max_reconnect_backoff_ms"] = 1_000
    let made = try? GRPCChannel(target: address, security: security, loop: loop, options: options)
    known.byAddress[address] = made
    return made
  }
}
