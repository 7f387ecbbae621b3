import Basics
import NIOHTTP1
import WebSockets

/// What the upgrade asks for.
struct UpgradeRequest: Sendable {
  var address: WebSocketAddress
  var headers: [(name: String, value: String)]
  var subprotocols: [String]
  var limits: WebSocketLimits

  /// The request's head; the upgrade handler adds what WebSocket needs.
  var head: HTTPRequestHead {
    let isDefaultPort = address.port == (address.isSecure ? 443 : 80)
    let host = NetworkAddress.written(address.host)
    var fields = HTTPHeaders([("Host", isDefaultPort ? host : "\(host):\(address.port)")])
    if !subprotocols.isEmpty { fields.add(name: "Sec-WebSocket-Protocol", value: subprotocols.joined(separator: ", ")) }
    for (name, value) in headers { fields.add(name: name, value: value) }
    return HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target, headers: fields)
  }

  /// Why an upgrade that the server granted must be turned down, if it must.
  func objection(to response: HTTPResponseHead) -> WebSocketError? {
    if response.headers.contains(name: "Sec-WebSocket-Extensions") {
      return WebSocketError(.upgrade, "The server agrees to an extension that was not offered.", status: 101)
    }
    let chosen = response.headers["Sec-WebSocket-Protocol"]
    guard chosen.count > 1 || !chosen.allSatisfy(subprotocols.contains) else { return nil }
    return WebSocketError(.upgrade, "The server chooses a subprotocol that was not offered.", status: 101)
  }
}
