import NIOCore
import NIOWebSocket
public import WebSockets

/// An open WebSocket: messages out from any thread, messages in for one task.
///
/// Both directions are bounded by ``WebSocketLimits``: a server that does not read makes ``send(_:as:)`` refuse, and one
/// whose messages nobody takes is no longer read from. Let go of it after ``close(code:)``; a socket that nobody closes
/// lives until its server ends it.
public final class WebSocket: Sendable {
  /// Where it leads.
  public let address: WebSocketAddress
  /// The subprotocol that the server chose, if any.
  public let subprotocol: String?

  private let channel: any Channel
  private let received: ReceivedMessages
  private let unsent: UnsentMessages
  private let handler: NIOLoopBound<SocketHandler>

  init(
    address: WebSocketAddress, subprotocol: String?, channel: any Channel, received: ReceivedMessages,
    unsent: UnsentMessages, handler: NIOLoopBound<SocketHandler>
  ) {
    self.address = address
    self.subprotocol = subprotocol
    self.channel = channel
    self.received = received
    self.unsent = unsent
    self.handler = handler
  }

  /// Sends a message, of text unless something else is said; text has to be UTF-8. Never waits.
  ///
  /// - Returns: false where the message was dropped and counted: too much waits for the server, or the socket is closed.
  @discardableResult
  public func send(_ bytes: [UInt8], as kind: WebSocketMessage.Kind = .text) -> Bool {
    switch unsent.append(bytes, as: kind) {
    case .refused: return false
    case .queued: return true
    case .wakes:
      channel.eventLoop.execute { [handler] in handler.value.flushUnsent() }
      return true
    }
  }

  /// Whether neither side has closed it yet.
  public var isOpen: Bool { unsent.isOpen }

  /// Whether as much as may wait has come and was not taken: the server is held up.
  public var isHeldUp: Bool { received.isStopped }

  /// Messages that ``send(_:as:)`` refused.
  public var droppedMessages: Int { unsent.refused }

  /// The next message; `nil` once ``close(code:)`` was called and everything before it was taken. For one task at a time.
  ///
  /// - Throws: ``WebSocketError``, when everything before was taken: how the socket ended where it was not us who
  ///   closed it, or that the task was cancelled.
  public func receive(isolation actor: isolated (any Actor)? = #isolation) async throws(WebSocketError)
    -> WebSocketMessage?
  {
    switch await received.removeFirst(isolation: actor) {
    case .message(let message, let resumesReading):
      if resumesReading { channel.eventLoop.execute { [handler] in handler.value.readMore() } }
      return message
    case .end(.success): return nil
    case .end(.failure(let error)): throw error
    case nil: throw WebSocketError(.cancelled, "The task that waited for a message was cancelled.")
    }
  }

  /// Sends what waits and then closes, with a code of RFC 6455, section 7.4. Returns at once; a server that does not
  /// close in turn is cut off after ``WebSocketLimits/closeTimeout``.
  public func close(code: UInt16 = 1000) {
    channel.eventLoop.execute { [handler] in handler.value.close(code: code) }
  }

  /// Breaks the connection, without a word to the server.
  public func cutOff() { channel.close(promise: nil) }
}
