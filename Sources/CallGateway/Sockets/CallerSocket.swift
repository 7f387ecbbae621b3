public import GRPCTransport

/// What the gateway needs of a WebSocket after its upgrade. From any thread; nothing waits.
public protocol CallerSocket: AnyObject, Sendable {
  /// Queues a text frame; false where there is no room for it. The last one of a socket finds room in any case.
  func send(text: [UInt8], isLast: Bool) -> Bool
  /// So many bytes that were received have been dealt with: as many more may come.
  func taken(bytes: Int)
  /// Closes with a code of RFC 6455, after what was sent.
  func close(code: UInt16)
}

/// The paths that are served as sockets.
public enum SocketPath: String, Sendable, CaseIterable {
  /// A conversation.
  case conversation = "/v1/va"
  /// The agents, for the administrator's flow designer.
  case agentList = "/v1/listVirtualAgents"

  var method: SessionMethod {
    switch self {
    case .conversation: .socket
    case .agentList: .socketAgentList
    }
  }
}

/// The request for an upgrade, as far as it matters to the gateway.
public struct SocketUpgrade: Sendable {
  /// What is asked for.
  public var path: SocketPath
  /// Every value of the `Authorization` header.
  public var authorization: [String]
  /// The id shared with Webex support, where the client sent one.
  public var trackingID: String?
  /// The address of the other end.
  public var peer: String
  /// What TLS has verified of the other end, where it was asked for a certificate.
  public var certificate: PeerCertificate?

  /// A request.
  public init(
    path: SocketPath, authorization: [String], trackingID: String?, peer: String, certificate: PeerCertificate? = nil
  ) {
    self.certificate = certificate
    self.path = path
    self.authorization = authorization
    self.trackingID = trackingID.flatMap { $0.utf8.count <= 256 ? $0 : nil }
    self.peer = peer
  }
}

/// Why there is no upgrade: an answer of HTTP.
public struct UpgradeRefusedError: Error, Sendable, Equatable {
  /// 401 or 503.
  public let status: Int
  /// A sentence for the client.
  public let reason: String
}
