public import Basics
public import HTTPServing
import Locking
public import Logging
import Metrics
public import Telemetry

/// Serves health, metrics and the dashboard over HTTP/1.1, one request a connection, on a thread of its own: it answers
/// however busy the calls keep everything else. Its bounds: 64 connections, of which a further one ends the oldest, 32 KB for a
/// request's head, 10 seconds of silence, 30 for a request.
public final class AdminServer: Sendable {
  private enum Phase: Sendable {
    case idle
    case running(HTTPServer)
    case stopped

    var isIdle: Bool {
      switch self {
      case .idle: true
      default: false
      }
    }
  }

  private let address: NetworkAddress
  private let site: AdminSite
  private let currentToken: Locked<String?>
  private let actions: Locked<[String: AdminAction]>
  private let questions: Locked<[String: AdminAction]>
  private let details: Locked<[String: AdminDetails]>
  private let sockets: Locked<[String: AdminSocket]>
  private let pages: Locked<[String: String]>
  private let guarded: Locked<[String: AdminAction]>
  private let forward: Locked<AdminForward?>
  /// WebSockets at once.
  private static let maximumSockets = 8
  /// Bytes of a request's body.
  private static let maximumBody = 9_216
  private let tls: ServerTLS?
  private let handshakeFailed: @Sendable (HandshakeFailure) -> Void
  private let logger: Logger
  /// Held while the server ends: its thread never takes it.
  private let phase = Locked(Phase.idle)

  /// A server that does not listen yet.
  ///
  /// - Parameters:
  ///   - token: what clients have to show for all but health and ping; `nil` only on loopback.
  ///   - metrics: what `/metrics` shows.
  ///   - readiness: asked for each `/readyz` and ping, on the server's thread; must not wait.
  ///   - status: asked for each `/status`, on the server's thread; must not wait.
  ///   - exposition: what `/metrics` says instead of those metrics.
  ///   - callEnding: how bots end calls over REST, where there are such bots.
  ///   - tls: without it the port speaks plaintext.
  ///   - handshakeFailed: told of each TLS handshake that came to nothing.
  public init(
    address: NetworkAddress, token: String?, metrics: MetricsRegistry, readiness: @escaping @Sendable () -> Readiness,
    status: @escaping @Sendable () -> StatusSnapshot, exposition: (@Sendable () -> String)? = nil,
    callEnding: CallEnding? = nil, tls: ServerTLS? = nil,
    handshakeFailed: @escaping @Sendable (HandshakeFailure) -> Void = { _ in }, logger: Logger
  ) {
    self.address = address
    self.tls = tls
    self.handshakeFailed = handshakeFailed
    self.logger = logger
    let currentToken = Locked(token)
    self.currentToken = currentToken
    let actions = Locked<[String: AdminAction]>([:])
    self.actions = actions
    let questions = Locked<[String: AdminAction]>([:])
    self.questions = questions
    let details = Locked<[String: AdminDetails]>([:])
    self.details = details
    let sockets = Locked<[String: AdminSocket]>([:])
    self.sockets = sockets
    let pages = Locked<[String: String]>([:])
    self.pages = pages
    let guarded = Locked<[String: AdminAction]>([:])
    self.guarded = guarded
    var site = AdminSite(
      token: { currentToken.withLock { $0 } }, metrics: metrics, readiness: readiness, status: status,
      callEnding: callEnding)
    let forward = Locked<AdminForward?>(nil)
    self.forward = forward
    site.forward = { forward.withLock { $0 } }
    if let exposition { site.exposition = exposition }
    site.actions = { actions.withLock { $0 } }
    site.questions = { questions.withLock { $0 } }
    site.details = { details.withLock { $0 } }
    site.sockets = { sockets.withLock { $0 } }
    site.pages = { pages.withLock { $0 } }
    site.guardedPaths = { guarded.withLock { $0 } }
    self.site = site
  }

  /// What clients have to show; `nil` only on loopback. A new one counts from the next request on.
  public var token: String? {
    get { currentToken.withLock { $0 } }
    set { currentToken.withLock { $0 = newValue } }
  }

  /// Answers POST requests of a path from here on, for those with the token.
  public func add(_ action: @escaping AdminAction, at path: String) { actions.withLock { $0[path] = action } }

  /// Answers GET requests of `/status/<name>/…` from here on, for those who may read `/status`.
  public func addDetails(_ read: @escaping AdminDetails, below name: String) {
    details.withLock { $0[name] = read }
  }

  /// Answers GET requests of paths that begin so from here on, for those with the token: where the port has none, nobody is
  /// answered.
  public func addGuarded(_ read: @escaping AdminAction, below path: String) { guarded.withLock { $0[path] = read } }

  /// Answers POST requests of a path that change nothing from here on, for those who may read `/metrics`.
  public func addQuestion(_ question: @escaping AdminAction, at path: String) {
    questions.withLock { $0[path] = question }
  }

  /// Has WebSockets of a path opened from here on. Who may open one is the opener's to decide: a browser can set no header
  /// on a WebSocket, so nobody was asked for the token.
  public func addSocket(_ open: @escaping AdminSocket, at path: String) { sockets.withLock { $0[path] = open } }

  /// Has others asked for some answers from here on; a request has passed what is asked of its client.
  public func setForward(_ forward: @escaping AdminForward) { self.forward.withLock { $0 = forward } }

  /// Serves a page of the dashboard's files at a path from here on, for those who may read `/`.
  public func addPage(_ file: String, at path: String) { pages.withLock { $0[path] = file } }

  /// Binds the address and serves from here on, on a thread of its own. Once.
  ///
  /// - Returns: the address with the port that was bound.
  @discardableResult
  public func start() async throws(HTTPListenError) -> NetworkAddress {
    try phase.withLock { phase throws(HTTPListenError) in
      guard phase.isIdle else { throw HTTPListenError("the admin server was started before") }
      let crowdedOut = Counter(label: "patchbay_admin_connections_crowded_out_total")
      var limits = HTTPLimits()
      limits.sockets = Self.maximumSockets
      limits.body = max(CallEnding.maximumForm, Self.maximumBody)
      let server = try HTTPServer(
        address, site, name: "admin port", limits: limits, tls: tls, crowdedOut: { crowdedOut.increment() },
        handshakeFailed: handshakeFailed, logger: logger)
      phase = .running(server)
      return NetworkAddress(host: address.host, port: server.port)
    }
  }

  /// Ends serving, and with it all connections; returns when the port is closed. Once stopped, it stays so.
  public func stop() {
    phase.withLock { phase in
      if case .running(let server) = phase { server.stop() }
      phase = .stopped
    }
  }
}
