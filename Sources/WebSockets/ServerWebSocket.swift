import Locking
package import NIOCore

/// A WebSocket that a client opened to us. Every method may be called on any thread, and none waits.
///
/// Both directions are bounded by ``WebSocketLimits``: a client that does not read makes ``send(_:as:)`` refuse, and one whose
/// messages nobody takes is no longer read from.
public final class ServerWebSocket: Sendable {
  private let loop: any EventLoop
  private let unsent: UnsentMessages
  private let inbox: ReceiverInbox
  private let handler: NIOLoopBound<SocketHandler>

  /// On the event loop: a socket with the handler that has to stand in its pipeline.
  ///
  /// - Parameter arrived: stands before all other handlers of the pipeline.
  package init(_ receiver: any WebSocketReceiver, limits: WebSocketLimits, arrived: ReceivedBytes, loop: any EventLoop)
  {
    let unsent = UnsentMessages(limit: limits.maximumUnsent)
    let inbox = ReceiverInbox(receiver, limit: limits.maximumReceived)
    self.loop = loop
    self.unsent = unsent
    self.inbox = inbox
    handler = NIOLoopBound(
      SocketHandler(side: .server, limits: limits, inbox: inbox, unsent: unsent, arrived: arrived), eventLoop: loop)
  }

  /// On the event loop: has to stand behind the handlers of WebSocket's frames.
  package var channelHandler: SocketHandler { handler.value }

  /// On the event loop, once the handler is in its place: the receiver has it from here on.
  package func open() { inbox.receiver.opened(self) }

  /// On the event loop: begins to read.
  package func read() { handler.value.readMore() }

  /// Sends a message; where it is text it has to be UTF-8.
  ///
  /// - Parameter isLast: ``close(code:)`` follows, so one short message is taken however much waits.
  /// - Returns: false where it was dropped and counted: too much waits for the client, or the socket is closed.
  @discardableResult
  public func send(_ bytes: [UInt8], as kind: WebSocketMessage.Kind = .text, isLast: Bool = false) -> Bool {
    switch unsent.append(bytes, as: kind, isLast: isLast) {
    case .refused: return false
    case .queued: return true
    case .wakes:
      loop.execute { [handler] in handler.value.flushUnsent() }
      return true
    }
  }

  /// Bytes that ``send(_:as:)`` has taken and the network has not.
  public var pendingBytes: Int { unsent.bytes }

  /// Messages that ``send(_:as:)`` refused.
  public var droppedMessages: Int { unsent.refused }

  /// Whether neither side has closed it yet.
  public var isOpen: Bool { unsent.isOpen }

  /// Messages of so many bytes in all are done with.
  public func taken(bytes: Int) {
    guard inbox.taken(bytes) else { return }
    loop.execute { [handler] in handler.value.readMore() }
  }

  /// Sends what waits and then closes, with a code of RFC 6455, section 7.4. Nothing is received any more. A client that does not
  /// close in turn is cut off after ``WebSocketLimits/closeTimeout``.
  public func close(code: UInt16 = 1000) {
    loop.execute { [handler] in handler.value.close(code: code) }
  }
}

/// Hands messages to a receiver, and counts what it has not taken yet.
final class ReceiverInbox: SocketInbox {
  private struct State {
    var bytes = 0
    /// Reading stopped for want of space.
    var isStopped = false
    var isOver = false
  }

  let receiver: any WebSocketReceiver
  private let limit: Int
  private let state = Locked(State())

  init(_ receiver: any WebSocketReceiver, limit: Int) {
    self.receiver = receiver
    self.limit = limit
  }

  func append(_ message: WebSocketMessage) {
    let isOver = state.withLock { state in
      if !state.isOver { state.bytes += message.bytes.count }
      return state.isOver
    }
    if !isOver { receiver.received(message) }
  }

  func finish(_ end: Result<Void, WebSocketError>) {
    let wasOver = state.withLock { state in
      defer { state.isOver = true }
      return state.isOver
    }
    if !wasOver { receiver.ended(end) }
  }

  func mayRead() -> Bool {
    state.withLock { state in
      state.isStopped = state.bytes >= limit
      return !state.isStopped
    }
  }

  var bytes: Int { state.withLock { $0.bytes } }
  var isStopped: Bool { state.withLock { $0.isStopped } }

  func hasRoom() { if !state.withLock({ $0.isOver }) { receiver.writable() } }

  /// - Returns: whether reading has stopped and may go on.
  func taken(_ bytes: Int) -> Bool {
    state.withLock { state in
      state.bytes = max(0, state.bytes - bytes)
      guard state.isStopped, state.bytes <= limit / 2 else { return false }
      state.isStopped = false
      return true
    }
  }
}
