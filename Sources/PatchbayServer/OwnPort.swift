import Basics
import BrowserPhone
import Certificates
import GRPCTransport
import GatewayConfiguration
import ReplayKit
import WebSocketClient
import WebSockets

/// A port of this server, as its own phone calls it: over the loopback where it can, trusting the certificate of the
/// server's own file and nothing else.
struct OwnPort: Sendable {
  /// What it speaks.
  let wire: PhoneWire
  private let address: NetworkAddress
  private let tls: Configuration.TLS?

  /// - Parameters:
  ///   - address: where it listens; `port`: which port was bound.
  ///   - tls: without it the port speaks plaintext.
  init(_ wire: PhoneWire, _ address: NetworkAddress, _ port: Int, _ tls: Configuration.TLS?) {
    self.wire = wire
    self.address = NetworkAddress(host: address.ownHost, port: UInt16(clamping: port))
    self.tls = tls
  }

  /// Why it cannot be called from here, if so.
  var obstacle: String? {
    guard tls?.clientCA != nil else { return nil }
    let key = wire == .grpc ? "listen" : "websocket"
    return "This port accepts callers with a client certificate only (`\(key).tls.client_ca`), and the phone has none."
  }

  /// The way to it. May read files.
  func route(token: String) throws(PhoneLines.PlacingError) -> CallRoute {
    switch wire {
    case .grpc: return CallRoute(target: "\(address)", security: try security(), token: token)
    case .webSocket:
      let url = "\(tls == nil ? "ws" : "wss")://\(address)\(SocketRoute.path)"
      guard let target = WebSocketAddress(url) else { throw PhoneLines.PlacingError("\(url) cannot be called.") }
      return CallRoute(target, client: try client(), token: token)
    }
  }

  /// Under a name that the certificate has.
  private func security() throws(PhoneLines.PlacingError) -> GRPCChannel.Security {
    guard let own = try certificate() else { return .plaintext }
    return .tls(ClientTLS(rootsPEM: own.certificate, serverName: own.provenName(for: address.host)))
  }

  private func client() throws(PhoneLines.PlacingError) -> WebSocketClient {
    let own = try certificate()
    do throws(WebSocketError) {
      guard let own else { return try Self.plaintextClient.get() }
      return try WebSocketClient(tls: WebSocketTLS(pinnedPEM: own.certificate))
    } catch { throw PhoneLines.PlacingError("The server's own port cannot be called: \(error.message)") }
  }

  /// One for all calls: making one reads the system's authorities.
  private static let plaintextClient = Result { () throws(WebSocketError) in try WebSocketClient() }

  private func certificate() throws(PhoneLines.PlacingError) -> ServerCertificate? {
    guard let tls else { return nil }
    do throws(CertificateError) {
      return try ServerCertificate(certificate: tls.certificate, key: tls.key, now: WallClock.now())
    } catch { throw PhoneLines.PlacingError("The server's own certificate cannot be used: \(error).") }
  }
}
