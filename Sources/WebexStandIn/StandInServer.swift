public import Basics
import HTTPServing
import Locking
public import Logging
import TokenVerification

/// The stand-in on a port of the loopback interface: whoever reaches it can mint tokens.
///
/// Serves from `init` until the last reference goes.
public final class StandInServer: Sendable {
  /// Where it listens.
  public let address: NetworkAddress

  private let platform: Locked<WebexPlatform>
  private let store: StandInStore?
  private let logger: Logger
  private let server: HTTPServer

  /// Binds and serves.
  ///
  /// - Parameters:
  ///   - address: on the loopback interface; port 0 binds a free one.
  ///   - store: where tokens, keys and data sources are kept; nil keeps them in memory only.
  ///   - now: the time of day, in seconds since 1970.
  public init(
    _ address: NetworkAddress, _ platform: WebexPlatform, store: StandInStore? = nil,
    now: @escaping @Sendable () -> Int64 = WallClock.now, logger: Logger = Logger(label: "stand-in")
  ) throws {
    guard address.isLoopback else {
      throw HTTPListenError(
        "\(address) is not on the loopback interface: whoever reaches the stand-in can mint tokens")
    }
    let platform = Locked(platform)
    var limits = HTTPLimits()
    limits.connections = 256
    limits.patience = .seconds(120)
    limits.requestTime = .seconds(120)
    limits.body = 65_536
    let site = HTTPResponder { request in
      // The store is written under the lock: on a stand-in nothing waits that matters, and no change may overtake another.
      platform.withLock { platform in
        let response = platform.respond(to: request, now: now())
        store?.saveIfChanged(&platform, logger: logger)
        return response
      }
    }
    server = try HTTPServer(address, site, name: "stand-in", limits: limits, logger: logger)
    self.platform = platform
    self.store = store
    self.logger = logger
    self.address = NetworkAddress(host: address.host, port: server.port)
    platform.withLock { store?.saveIfChanged(&$0, logger: logger) }
  }

  /// Looks at the platform, or changes it.
  public func withPlatform<Result: Sendable>(_ body: (inout WebexPlatform) throws -> Result) rethrows -> Result {
    try platform.withLock { platform in
      defer { store?.saveIfChanged(&platform, logger: logger) }
      return try body(&platform)
    }
  }

  /// Below it are the REST calls.
  public var baseURL: String { "http://\(address)/v1" }
  /// Where the key set is.
  public var keysURL: String { "http://\(address)\(WebexPlatform.keySetPath)" }
}
