import NIOCore
import NIOPosix
public import NIOSSL

/// A bounded reader between a gRPC server that nobody vouches for and the C core.
///
/// The core is told to connect to ``target``, a socket of this process. For every connection that it makes there the
/// guard makes one to the bot, over TLS where asked, and carries the bytes between the two within ``GuardLimits``. All
/// of it happens on a thread of its own, so that what a bot sends costs that thread, and the calls' thread reads only
/// what has passed. Where one side does not read, the other is not read either.
public final class ConnectionGuard: Sendable {
  /// The thread of all guards. Never shut down: it ends with the process.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// What the C core connects to: plaintext HTTP/2, and nothing but the bot behind it.
  public let target: String

  private let bot: GuardedBot
  private let listening: EventLoopFuture<any Channel>

  /// A guard. Nothing is connected yet.
  ///
  /// - Parameters:
  ///   - tls: `nil` for plaintext. Its ALPN has to offer `h2`.
  ///   - serverName: the name that the bot's certificate has to hold; `nil` is the host.
  ///   - connectTimeout: time for the name, TCP, TLS and the server's SETTINGS together.
  /// - Throws: ``ConnectionError`` where the system has no more sockets.
  public init(
    host: String, port: Int, tls: NIOSSLContext?, serverName: String?, connectTimeout: Duration, limits: GuardLimits
  ) throws(ConnectionError) {
    let bot = GuardedBot(
      host: host, port: port, tls: tls, name: serverName ?? host,
      connectTimeout: .milliseconds(Int64(connectTimeout / .milliseconds(1))), limits: limits)
    let listener = try LocalListener()
    target = "unix-abstract:\(listener.name)"
    self.bot = bot
    listening = ServerBootstrap(group: Self.group)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: GuardedLine.allocator)
      .childChannelOption(.writeBufferWaterMark, value: GuardedLine.watermark)
      .childChannelInitializer { channel in
        Self.peer(of: channel).flatMapThrowing { peer in
          guard LocalListener.isOwn(peer) else { throw ConnectionError("a foreign process") }
          let line = GuardedLine(bot: bot, core: channel)
          try channel.pipeline.syncOperations.addHandler(CoreSide(line))
        }
      }
      .withBoundSocket(listener.descriptor)
  }

  deinit { listening.whenSuccess { $0.close(promise: nil) } }

  /// Why the latest connection to the bot could not be made or has ended, as a clause for the operator; `nil` while it
  /// stands. It is known before the core knows of the end.
  public var failure: String? { bot.failure }

  private static func peer(of channel: any Channel) -> EventLoopFuture<LocalListener.Peer> {
    guard let options = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeFailedFuture(ConnectionError("not a socket"))
    }
    return options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED))
  }
}
