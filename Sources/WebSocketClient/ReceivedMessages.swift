import Locking
import NIOCore
import WebSockets

/// The messages of one socket that were received and not taken yet, with the way in which the socket ended.
///
/// Filled on the socket's event loop, taken by one task. Whoever takes tells when there is space again, so that reading
/// goes on.
final class ReceivedMessages: SocketInbox {
  private struct State {
    var messages = CircularBuffer<WebSocketMessage>()
    var bytes = 0
    /// Set once: `.success` where we closed the socket ourselves.
    var end: Result<Void, WebSocketError>?
    /// Reading stopped for want of space.
    var isStopped = false
  }

  private let limit: Int
  private let state = Awaited(State())

  init(limit: Int) { self.limit = limit }

  /// Appends a message. After the end nothing is taken any more.
  func append(_ message: WebSocketMessage) {
    state.change { state in
      guard state.end == nil else { return }
      state.messages.append(message)
      state.bytes += message.bytes.count
    }
  }

  /// Nothing follows. What was received before can still be taken.
  func finish(_ end: Result<Void, WebSocketError>) {
    state.change { $0.end = $0.end ?? end }
  }

  /// Whether more may be read. Where not, the next ``removeFirst(isolation:)`` that makes space says so.
  func mayRead() -> Bool {
    state.withLock { state in
      state.isStopped = state.bytes >= limit
      return !state.isStopped
    }
  }

  /// Bytes that wait to be taken.
  var bytes: Int { state.withLock { $0.bytes } }

  /// Whether reading waits for space.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Whoever sends asks again by itself.
  func hasRoom() {}

  enum Taken {
    case message(WebSocketMessage, resumesReading: Bool)
    case end(Result<Void, WebSocketError>)
  }

  /// The next message, or the end; waits for either. `nil` once the task is cancelled.
  func removeFirst(isolation actor: isolated (any Actor)?) async -> Taken? {
    await state.first(isolation: actor) { state -> Taken? in
      if let message = state.messages.popFirst() {
        state.bytes -= message.bytes.count
        let resumes = state.isStopped && state.bytes <= limit / 2
        if resumes { state.isStopped = false }
        return .message(message, resumesReading: resumes)
      }
      return state.end.map { .end($0) }
    }
  }
}
