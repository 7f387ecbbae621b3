import BotConnections
import BotEngine
import GRPCTransport
import Locking
import Logging
import NIOSSL

/// The gRPC connections to one bot: for each loop as many as its calls need.
///
/// A connection carries a bounded number of calls, because servers bound the streams of one and leave the next one
/// waiting. Every connection goes through a guard of its own (``ConnectionGuard``): what a bot sends is read on another
/// thread first, and what would hurt other calls goes no further.
final class BotChannels: Sendable {
  /// Calls on one connection.
  static let callsPerChannel = 50

  /// A connection that a call uses; to be given back.
  struct Lease: Sendable {
    let channel: GRPCChannel
    fileprivate let number: Int
  }

  private struct Entry: Sendable {
    let number: Int
    let loop: ObjectIdentifier
    let channel: Task<GRPCChannel, any Error>
    var calls: Int
    var isTrusted = true
  }

  private struct Pool {
    var entries: [Entry] = []
    var next = 0
  }

  /// Headers of every call, with their secrets. Never log the values.
  let headers: [(name: String, value: String)]
  private let endpoint: BotEndpoint
  private let maximumMessage: Int
  private let tls: NIOSSLContext?
  private let pool = Locked(Pool())

  /// Connections to an endpoint, none yet. Blocks while secrets, certificates and the system's authorities are read.
  ///
  /// - Parameter maximumMessage: bytes of a message from the bot; a longer one ends its call.
  init(_ endpoint: BotEndpoint, maximumMessage: Int = 131_072) throws(EngineError) {
    self.endpoint = endpoint
    self.maximumMessage = maximumMessage
    headers = try endpoint.readHeaders()
    guard endpoint.isSecure else {
      tls = nil
      return
    }
    let certificate = try EngineFile.text(endpoint.tls.certificate)
    let (roots, key) = (try EngineFile.text(endpoint.tls.ca), try EngineFile.text(endpoint.tls.key))
    do {
      tls = try TLSContext.make(
        rootsPEM: try roots ?? ClientTLS.systemRootsPEM(), certificatePEM: certificate, keyPEM: key,
        protocols: ["h2"])
    } catch { throw EngineError(.unusable, (error as? RPCStatus)?.message ?? "\(error)", cause: error) }
  }

  /// A connection for one more call on a loop.
  func lease(on loop: EventLoop) async throws(BotFailure) -> Lease {
    let entry = pool.withLock { pool -> Entry in
      let identity = ObjectIdentifier(loop)
      if let index = pool.entries.firstIndex(where: {
        $0.loop == identity && $0.isTrusted && $0.calls < Self.callsPerChannel
      }) {
        pool.entries[index].calls += 1
        return pool.entries[index]
      }
      // Making a connection's guard and its channel takes a while that the loop's other calls are not to wait for.
      let channel = Task.detached { [self] in try make(on: loop) }
      let entry = Entry(number: pool.next, loop: identity, channel: channel, calls: 1)
      pool.next += 1
      pool.entries.append(entry)
      return entry
    }
    do { return Lease(channel: try await entry.channel.value, number: entry.number) } catch {
      giveBack(entry.number, isTrusted: false)
      let why = (error as? RPCStatus)?.message ?? (error as? ConnectionError)?.message
      throw BotFailure(.unreachable, why ?? "no connection can be made")
    }
  }

  /// The call is over. Where it heard nothing at all from the bot, the connection may be dead: it gets no further call.
  func giveBack(_ lease: Lease, isTrusted: Bool) { giveBack(lease.number, isTrusted: isTrusted) }

  private func giveBack(_ number: Int, isTrusted: Bool) {
    pool.withLock { pool in
      guard let index = pool.entries.firstIndex(where: { $0.number == number }) else { return }
      pool.entries[index].calls -= 1
      if !isTrusted { pool.entries[index].isTrusted = false }
      // The last one that is good is kept for the next call.
      let entry = pool.entries[index]
      let hasOther = pool.entries.contains { $0.loop == entry.loop && $0.number != number && $0.isTrusted }
      if entry.calls <= 0, !entry.isTrusted || hasOther { pool.entries.remove(at: index) }
    }
  }

  /// Holds a call on a connection of its own thread's. `body` runs there, with the headers of every RPC.
  func hold(
    _ call: CallInfo, log: Logger, _ body: @Sendable (any OutgoingConnection, Metadata) async -> HeldBotCall.End
  ) async throws {
    let loop = try EngineLoop.current(log: log)
    let lease = try await lease(on: loop)
    var metadata = Metadata(headers.map { ($0.name, $0.value) })
    if let tracking = call.trackingID { metadata.add("trackingid", tracking) }
    if let traceparent = call.traceparent { metadata.add("traceparent", traceparent) }
    let end = await withTaskExecutorPreference(loop) { [metadata] in await body(lease.channel, metadata) }
    giveBack(lease, isTrusted: end.hasHeard)
    if let failure = end.failure { throw failure }
  }

  private func make(on loop: EventLoop) throws -> GRPCChannel {
    let limits = GuardLimits(maximumMessage: maximumMessage)
    let connection = try ConnectionGuard(
      host: endpoint.host, port: endpoint.port, tls: tls, serverName: endpoint.tls.serverName,
      connectTimeout: endpoint.connectTimeout, limits: limits)
    var arguments = ChannelArguments.client
    // The least time between two attempts to connect is also the longest that one may take. The guard gives up first:
    // it knows why.
    let patience = endpoint.connectTimeout + .milliseconds(500)
    arguments["grpc.min_reconnect_backoff_ms"] = Int32(clamping: Int64(patience / .milliseconds(1)))
    arguments["grpc.initial_reconnect_backoff_ms"] = 100
    arguments["grpc.max_reconnect_backoff_ms"] = 1_000
    arguments["grpc.http2.lookahead_bytes"] = 65_536
    arguments["grpc.http2.max_frame_size"] = Int32(clamping: limits.maximumFrame)
    // The core sees a socket of this process; the bot has to see itself.
    arguments.values["grpc.default_authority"] = .text(endpoint.tls.serverName ?? endpoint.authority)
    arguments.values["grpc.http2_scheme"] = .text(endpoint.isSecure ? "https" : "http")
    var options = GRPCChannel.Options(
      channelArguments: arguments, maximumReceivedMessageLength: maximumMessage, maximumSendQueue: 262_144)
    options.causeOfLoss = { connection.failure }
    return try GRPCChannel(target: connection.target, loop: loop, options: options)
  }
}
