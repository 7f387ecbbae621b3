public import Logging
public import Telemetry
import Foundation
import Synchronization

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
    case bound(ListeningSocket)
    case running(HTTPListener)
    case stopped
  }

  private let address: Address
  private let site: AdminSite
  private let logger: Logger
  private let phase = Mutex(Phase.idle)

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

  /// Binds the address and listens; clients wait until ``run()``. Once.
  ///
  /// - Returns: the address with the port that was bound.
  @discardableResult
  public func start() async throws(BindError) -> Address {
    let socket = try ListeningSocket(address)
    let isIdle = phase.withLock { phase -> Bool in
      guard case .idle = phase else { return false }
      phase = .bound(socket)
      return true
    }
    guard isIdle else { throw BindError(description: "the admin server was started before") }
    return socket.address
  }

  /// Serves until ``stop()`` or until the task is cancelled. Once, after ``start()``.
  public func run() async throws {
    let site = site
    let listener = try phase.withLock { phase throws(BindError) -> HTTPListener? in
      switch phase {
      case .bound(let socket):
        let listener = try HTTPListener(socket, logger: logger) { site.respond(to: $0) }
        phase = .running(listener)
        return listener
      case .stopped: return nil
      case .idle, .running: throw BindError(description: "the admin server was not started, or runs already")
      }
    }
    guard let listener else { return }
    await withTaskCancellationHandler {
      await listener.run()
    } onCancel: {
      listener.stop()
    }
  }

  /// Ends ``run()``, and with it all connections.
  public func stop() async {
    let listener = phase.withLock { phase -> HTTPListener? in
      defer { phase = .stopped }
      guard case .running(let listener) = phase else { return nil }
      return listener
    }
    listener?.stop()
  }
}
