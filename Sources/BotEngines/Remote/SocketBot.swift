import BotEngine
import JSONText
import WebSocketClient
import WebSockets

/// Where a bot's WebSocket is: a client for its roots, and the address.
struct SocketBot: Sendable {
  private let client: WebSocketClient
  private let address: WebSocketAddress
  private let headers: [(name: String, value: String)]
  private let limits: WebSocketLimits

  /// Bytes of a message: nearly five minutes of mu-law in Base64, because bots hand over whole files.
  private static let longestMessage = 3 << 20

  /// Throws ``EngineError`` where the URL or a certificate cannot be used. Blocks while secrets, certificates and roots
  /// are read.
  ///
  /// - Parameters:
  ///   - maximumMessage: bytes of a message of the bot's; a larger one ends its call.
  ///   - maximumUnsent: bytes that may wait to be sent; `nil` is the limit of every socket.
  init(
    _ endpoint: BotEndpoint, url: String, maximumMessage: Int = Self.longestMessage, maximumUnsent: Int? = nil
  ) throws(EngineError) {
    guard let address = WebSocketAddress(url) else {
      throw EngineError(.unusable, "A bot's URL is not a WebSocket URL; write it as in wss://bot.example.com/call.")
    }
    headers = try endpoint.readHeaders()
    let tls = WebSocketTLS(
      rootsPEM: try EngineFile.text(endpoint.tls.ca), certificatePEM: try EngineFile.text(endpoint.tls.certificate),
      keyPEM: try EngineFile.text(endpoint.tls.key), serverName: endpoint.tls.serverName)
    do { client = try WebSocketClient(tls: tls) } catch { throw EngineError(.unusable, error.message, cause: error) }
    self.address = address
    var limits = WebSocketLimits()
    limits.connectTimeout = endpoint.connectTimeout
    limits.maximumFrame = maximumMessage
    limits.maximumMessage = maximumMessage
    if let maximumUnsent { limits.maximumUnsent = maximumUnsent }
    self.limits = limits
  }

  /// Opens a socket for one call. A server that breaks off, or says that it is not ready, is tried again until the time
  /// to connect has passed; one that is not there is not waited for.
  func connect(for call: CallInfo) async throws -> WebSocket {
    let headers = headers + (call.traceparent.map { [("traceparent", $0)] } ?? [])
    let clock = MachineClock()
    var retries = Retries(since: clock.now, patience: limits.connectTimeout)
    while true {
      let pause: Duration
      do throws(WebSocketError) {
        return try await client.connect(to: address, headers: headers, limits: limits)
      } catch {
        if error.code == .cancelled { throw CancellationError() }
        guard error.mayPass, let next = retries.next(at: clock.now) else { throw BotFailure(opening: error) }
        pause = next
      }
      try await clock.sleep(for: pause)
    }
  }
}

extension WebSocketError {
  /// Whether the same attempt may succeed a moment later.
  fileprivate var mayPass: Bool {
    switch code {
    case .lost: true
    case .upgrade: status.map { [502, 503, 504].contains($0) } ?? false
    default: false
    }
  }
}

extension BotCall {
  /// Waits until there is room for more of the bot's output; meanwhile what it sends waits in its socket.
  ///
  /// - Throws: ``BotFailure`` where the bot came faster than speech and is held up for ``FloodWatch/patience``.
  func waitForRoom(_ socket: any BotSocket, isInhuman: Bool, by clock: any EngineClock) async throws {
    guard isInhuman else {
      await room.wait()
      return try Task.checkCancellation()
    }
    let began = clock.now
    while !room.isOpen {
      try await clock.sleep(for: .milliseconds(100))
      if socket.isHeldUp, clock.now - began > FloodWatch.patience {
        throw BotFailure(.flooded, "The bot sends minutes of audio much faster than it can be heard, without an end.")
      }
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

/// Reads a message of so many bytes. A long one is read on a thread of no call: the calls' own has no milliseconds for it.
func apartWhereLong<Value: Sendable>(_ bytes: Int, _ read: @escaping @Sendable () -> Value) async -> Value {
  bytes < 32_768 ? read() : await Task.detached(operation: read).value
}
