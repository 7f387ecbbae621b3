/// What carries a phone's call to the server: each is a port of its own, with tokens of its own.
public enum PhoneWire: String, Sendable, Encodable, CaseIterable {
  /// gRPC: an RPC for each interaction.
  case grpc
  /// WebSocket: one socket for the call.
  case webSocket = "websocket"
}
