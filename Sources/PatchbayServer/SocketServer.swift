import Basics
import CallGateway
import Certificates
import GRPCTransport
import HTTPServing
import Locking
import Logging
import TokenVerification
import WebSockets

/// The virtual agent over WebSocket: brings requests for an upgrade to the gateway's gate, and sockets to the loops.
final class SocketServer: Sendable {
  private let address: NetworkAddress
  private let site: SocketSite
  private let limits: HTTPLimits
  private let tls: ServerTLS?
  private let sharesPort: Bool
  private let log: Logger
  private let running = Locked<HTTPServer?>(nil)

  /// A server that does not listen yet.
  ///
  /// - Parameters:
  ///   - conversations: how many there may be at once: sockets are bounded by it.
  ///   - loops: where the calls live, in turn.
  ///   - tls: without it the port speaks plaintext.
  ///   - sharesPort: whether other processes of the server listen on the port too.
  init(
    _ address: NetworkAddress, conversations: Int, gateway: VoiceGateway, loops: EventLoopGroup, tls: ServerTLS?,
    sharesPort: Bool, log: Logger
  ) {
    self.address = address
    self.sharesPort = sharesPort
    self.tls = tls
    self.log = log
    site = SocketSite(gateway: gateway, loops: loops)
    var limits = HTTPLimits()
    // Connections that are no sockets yet: a burst of calls comes with as many.
    limits.connections = 512
    limits.sockets = conversations + 64
    limits.head = 16_384
    self.limits = limits
  }

  /// Binds the address and serves; returns the port.
  func start() throws(HTTPListenError) -> UInt16 {
    let server = try HTTPServer(
      address, site, name: "websocket", limits: limits, tls: tls, sharesPort: sharesPort,
      handshakeFailed: HandshakeFailure.counting(on: "websocket \(address)"), logger: log)
    running.withLock { $0 = server }
    return server.port
  }

  /// The port's certificate. May read files: not for a thread that must not wait.
  func lookAtCertificate() -> [ListenerCertificate] { tls?.look().map { [$0] } ?? [] }

  /// No further calls; those that are up go on.
  func stopAccepting() { running.withLock { $0 }?.stopAccepting() }

  /// Closes what is left, with 1001.
  func stop() { running.withLock { $0.take() }?.stop() }
}

/// What the port answers: upgrades at two paths, and nothing else.
private struct SocketSite: HTTPSite {
  let gateway: VoiceGateway
  let loops: EventLoopGroup

  func readsBody(of head: ServerRequest) -> Bool { false }

  func respond(to request: ServerRequest) -> ServerResponse {
    SocketPath(rawValue: request.path) == nil
      ? .text(404, "there is nothing here")
      : .text(426, "this path is a WebSocket", fields: [("Upgrade", "websocket")])
  }

  func upgrade(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void) {
    guard let path = SocketPath(rawValue: request.path) else { return decide(.refuse(respond(to: request))) }
    guard !request.isOfAnotherOrigin else {
      return decide(.refuse(.text(403, "pages of other origins may not call")))
    }
    let upgrade = SocketUpgrade(
      path: path, authorization: request.values("authorization"), trackingID: request.values("trackingid").first,
      peer: request.peer ?? "",
      certificate: request.certificate.map { PeerCertificate(commonName: $0.commonName, alternativeNames: $0.names) })
    gateway.authorize(upgrade) { result in
      switch result {
      case .success(let identity):
        decide(.accept(SocketReceiver(gateway, upgrade, identity, loops.nextLoop()), limits: Self.limits))
      case .failure(let refusal):
        let fields = refusal.status == 401 ? [("WWW-Authenticate", "Bearer")] : []
        decide(.refuse(.text(refusal.status, refusal.reason, fields: fields)))
      }
    }
  }

  /// A prompt before a transfer is sent whole: four minutes of it, in Base64.
  private static let limits: WebSocketLimits = {
    var limits = WebSocketLimits()
    limits.maximumFrame = 131_072
    limits.maximumMessage = 131_072
    limits.maximumReceived = 262_144
    limits.maximumUnsent = 6 << 20
    return limits
  }()
}

extension ServerRequest {
  /// Every value of a field, by its name in lower case.
  fileprivate func values(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name }.map(\.value)
  }
}

/// Brings what comes over one socket to its call.
private final class SocketReceiver: WebSocketReceiver {
  private let gateway: VoiceGateway
  private let upgrade: SocketUpgrade
  private let identity: Identity
  private let loop: EventLoop
  private let entry = Locked<SocketEntry?>(nil)

  init(_ gateway: VoiceGateway, _ upgrade: SocketUpgrade, _ identity: Identity, _ loop: EventLoop) {
    self.gateway = gateway
    self.upgrade = upgrade
    self.identity = identity
    self.loop = loop
  }

  func opened(_ socket: ServerWebSocket) {
    let entry = gateway.open(OpenSocket(socket), for: upgrade, identity, on: loop)
    self.entry.withLock { $0 = entry }
  }

  func received(_ message: WebSocketMessage) {
    let entry = entry.withLock { $0 }
    switch message.kind {
    case .text: entry?.received(message.bytes)
    case .binary: entry?.receivedBinary()
    }
  }

  func ended(_ end: Result<Void, WebSocketError>) {
    let entry = entry.withLock { $0.take() }
    switch end {
    case .success: entry?.ended(inOrder: true)
    case .failure(let error): entry?.ended(inOrder: error.code == .closed)
    }
  }
}

/// The socket, as the gateway wants it.
private final class OpenSocket: CallerSocket {
  private let socket: ServerWebSocket

  init(_ socket: ServerWebSocket) { self.socket = socket }

  func send(text: [UInt8], isLast: Bool) -> Bool { socket.send(text, isLast: isLast) }
  func taken(bytes: Int) { socket.taken(bytes: bytes) }
  func close(code: UInt16) { socket.close(code: code) }
}
