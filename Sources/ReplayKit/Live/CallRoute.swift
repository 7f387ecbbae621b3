import Foundation
public import GRPCTransport
public import WebSocketClient

/// How calls reach the server.
public struct CallRoute: Sendable {
  /// `ProcessCallerInput` of the voice virtual agent.
  public static let path = "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"

  /// `HOST:PORT`.
  public var target: String
  /// Plaintext or TLS.
  public var security: GRPCChannel.Security
  /// The token that each RPC carries; `nil` is none.
  public var token: String?
  /// Where calls go over WebSocket instead of gRPC.
  public var socket: SocketRoute?

  /// A route.
  public init(target: String, security: GRPCChannel.Security = .plaintext, token: String?) {
    self.target = target
    self.security = security
    self.token = token
  }

  /// A route over WebSocket.
  ///
  /// - Parameter token: what each call carries.
  public init(_ address: WebSocketAddress, client: WebSocketClient, token: String?, chunk: Int? = nil) {
    self.init(target: "\(address.host):\(address.port)", token: token)
    socket = SocketRoute(address, client: client, token: token, chunk: chunk)
  }

  /// What carries calls of a loop.
  func carrier(on loop: EventLoop) throws(RPCStatus) -> CallCarrier {
    if let socket { return .sockets(socket) }
    return .channel(try channel(on: loop))
  }

  /// A connection of its own, which is made when the first call needs it.
  func channel(on loop: EventLoop) throws(RPCStatus) -> GRPCChannel {
    var options = GRPCChannel.Options()
    // Channels of the same target and arguments would otherwise share one connection.
    options.channelArguments["grpc.use_local_subchannel_pool"] = 1
    return try GRPCChannel(target: target, security: security, loop: loop, options: options)
  }

  /// The headers of an RPC (`authorization`, `trackingid`).
  func metadata(trackingID: String) -> Metadata {
    var metadata: Metadata = [("trackingid", trackingID)]
    if let token { metadata.add("authorization", "Bearer \(token)") }
    return metadata
  }
}

/// Random identifiers in the form of a UUID (RFC 9562, version 4).
public enum RandomID {
  /// A fresh one.
  public static func make() -> String { UUID().uuidString.lowercased() }
}
