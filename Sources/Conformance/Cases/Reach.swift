import GRPCTransport
import ReplayKit
import WebSockets
import WebexProtocol

/// A server that nothing can be sent to, so that no rule of it can be judged.
package struct UnreachableServerError: Error {
  /// What came of the attempt: the transport's own words.
  package var message: String
}

extension Bench {
  /// Looks whether there is a server at all, for at most ten seconds: what it makes of the token or of a method that is not
  /// there is judged by the cases.
  func reach() async throws(UnreachableServerError) {
    guard let route = plan.route.socket else {
      let result = await run(Probe(path: "/grpc.health.v1.Health/Check", metadata: good, opening: [[]]))
      // The C core's words where a call did not get as far as a server.
      guard let status = result.status, status.code == .unavailable,
        ["failed to connect", "DNS resolution failed"].contains(where: { status.message.hasPrefix($0) })
      else { return }
      throw UnreachableServerError(message: status.message)
    }
    do throws(WebSocketError) {
      try await ProbeSocket.open(route, to: route.address, authorization: route.authorization, conversation: "").close()
    } catch {
      switch error.code {
      case .refused, .tls, .lost, .timeout: throw UnreachableServerError(message: error.message)
      case .upgrade where error.status == nil: throw UnreachableServerError(message: error.message)
      default: return
      }
    }
  }
}
