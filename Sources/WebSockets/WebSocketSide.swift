/// Which end of a WebSocket we are. Clients mask their frames, servers do not (RFC 6455, section 5.1).
package enum WebSocketSide: Sendable {
  /// We opened it.
  case client
  /// It was opened to us.
  case server

  /// Who is at the other end, as a sentence begins.
  var peer: String { self == .client ? "The server" : "The client" }
}
