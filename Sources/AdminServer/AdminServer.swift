public import Logging
public import Telemetry
import Foundation
import Locking

/// Serves health, metrics and the dashboard over HTTP/1.1, one request a connection, on a thread of its own: it answers
/// however busy the calls keep everything else. Every connection is bounded in bytes and time; see
/// ``HTTPListener`` for the limits.
public final class AdminServer: Sendable {
  /// Where the server listens.
  public struct Address: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address, or `localhost` for 127.0.0.1.
    public var host: String
    /// The port; 0 binds a free one.
    public var port: UInt16

    /// An address.
    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }

    /// With brackets around IPv6.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// Why the server cannot listen.
  public struct BindError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and with which address.
    public let description: String
  }

  private enum Phase {
    case idle
    case running(HTTPListener)
    case stopped
  }

  private let address: Address
  private let site: AdminSite
  private let logger: Logger
  private let phase = Locked(Phase.idle)

  /// A server that does not listen yet.
  ///
  /// - Parameters:
  ///   - token: what clients have to show for all but health and ping; `nil` only on loopback.
  ///   - metrics: what `/metrics` shows.
  ///   - readiness: asked for each `/readyz` and ping, on the server's thread; must not wait.
  ///   - status: asked for each `/status`, on the server's thread; must not wait.
  public init(
    address: Address, token: String?, metrics: MetricsRegistry, readiness: @escaping @Sendable () -> Readiness,
    status: @escaping @Sendable () -> StatusSnapshot, logger: Logger
  ) {
    self.address = address
    self.logger = logger
    site = AdminSite(token: token, metrics: metrics, readiness: readiness, status: status)
  }

  /// Binds the address and serves from here on, on a thread of its own. Once.
  ///
  /// - Returns: the address with the port that was bound.
  @discardableResult
  public func start() async throws(BindError) -> Address {
    let socket = try ListeningSocket(address)
    let site = site
    let listener = try HTTPListener(socket, logger: logger) { site.respond(to: $0) }
    let isIdle = phase.withLock { phase -> Bool in
      guard case .idle = phase else { return false }
      phase = .running(listener)
      return true
    }
    guard isIdle else { throw BindError(description: "the admin server was started before") }
    listener.start()
    return socket.address
  }

  /// Waits until ``stop()``; stops when the task is cancelled.
  public func run() async throws {
    let phase = phase.withLock { $0 }
    switch phase {
    case .idle: throw BindError(description: "start() comes first")
    case .stopped: return
    case .running(let listener):
      await withTaskCancellationHandler {
        await listener.end()
      } onCancel: {
        listener.stop()
      }
    }
  }

  /// Ends serving, and with it all connections; returns when the port is closed. Once stopped, it stays so.
  public func stop() async {
    let listener = phase.withLock { phase -> HTTPListener? in
      defer { phase = .stopped }
      guard case .running(let listener) = phase else { return nil }
      return listener
    }
    listener?.stop()
    await listener?.end()
  }
}
