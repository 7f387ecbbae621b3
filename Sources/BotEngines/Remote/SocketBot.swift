import BotEngine
import WebSocketClient

/// Where a bot's WebSocket is: a client for its roots, and the address.
struct SocketBot: Sendable {
  private let client: WebSocketClient
  private let address: WebSocketAddress
  private let headers: [(name: String, value: String)]
  private let limits: WebSocketLimits

  /// Throws ``EngineError`` where the URL or a certificate cannot be used. Blocks while roots are read.
  init(_ endpoint: BotEndpoint, url: String) throws(EngineError) {
    guard let address = WebSocketAddress(url) else {
      throw EngineError(.unusable, "A bot's URL is not a WebSocket URL; write it as in wss://bot.example.com/call.")
    }
    let tls = WebSocketTLS(
      rootsPEM: endpoint.tls.rootsPEM, certificatePEM: endpoint.tls.certificatePEM, keyPEM: endpoint.tls.keyPEM,
      serverName: endpoint.tls.serverName)
    do { client = try WebSocketClient(tls: tls) } catch { throw EngineError(.unusable, error.message) }
    self.address = address
    headers = endpoint.headers
    limits = WebSocketLimits(connectTimeout: endpoint.connectTimeout)
  }

  /// Opens a socket for one call.
  func connect() async throws -> WebSocket {
    do throws(WebSocketError) {
      return try await client.connect(to: address, headers: headers, limits: limits)
    } catch {
      if error.code == .cancelled { throw CancellationError() }
      throw BotFailure(opening: error)
    }
  }
}

/// Carries on the sides of one call side by side, until one of them is at its end; the others are then cancelled.
func untilFirst(_ sides: @Sendable () async throws -> Void...) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for side in sides { group.addTask(operation: side) }
    defer { group.cancelAll() }
    try await group.next()
  }
}
