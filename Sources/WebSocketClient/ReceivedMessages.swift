import Locking
import NIOCore

/// The messages of one socket that were received and not taken yet, with the way in which the socket ended.
///
/// Filled on the socket's event loop, taken by one task. Whoever takes tells when there is space again, so that reading
/// goes on.
final class ReceivedMessages: Sendable {
  private typealias Waiter = CheckedContinuation<Void, Never>

  private struct State {
    var messages = CircularBuffer<WebSocketMessage>()
    var bytes = 0
    /// Set once: `.success` where we closed the socket ourselves.
    var end: Result<Void, WebSocketError>?
    var waiter: Waiter?
    /// Reading stopped for want of space.
    var isStopped = false

    mutating func takeWaiter() -> Waiter? {
      defer { waiter = nil }
      return waiter
    }
  }

  private let limit: Int
  private let state = Locked(State())

  init(limit: Int) { self.limit = limit }

  /// Appends a message. After the end nothing is taken any more.
  func append(_ message: WebSocketMessage) {
    let waiter = state.withLock { state -> Waiter? in
      guard state.end == nil else { return nil }
      state.messages.append(message)
      state.bytes += message.bytes.count
      return state.takeWaiter()
    }
    waiter?.resume()
  }

  /// Nothing follows. What was received before can still be taken.
  func finish(_ end: Result<Void, WebSocketError>) {
    let waiter = state.withLock { state -> Waiter? in
      guard state.end == nil else { return nil }
      state.end = end
      return state.takeWaiter()
    }
    waiter?.resume()
  }

  /// Whether more may be read. Where not, the next ``take()`` that makes space says so.
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

  enum Taken {
    case message(WebSocketMessage, resumesReading: Bool)
    case end(Result<Void, WebSocketError>)
    case nothing
  }

  func take() -> Taken {
    state.withLock { state in
      if let message = state.messages.popFirst() {
        state.bytes -= message.bytes.count
        let resumes = state.isStopped && state.bytes <= limit / 2
        if resumes { state.isStopped = false }
        return .message(message, resumesReading: resumes)
      }
      return state.end.map { .end($0) } ?? .nothing
    }
  }

  /// Waits for a message, the end or the task's cancellation. May return for none of them: look again.
  func somethingHappens(isolation actor: isolated (any Actor)?) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation(isolation: actor) { continuation in
        // A task cancelled before this point has run its handler in vain; one cancelled after it finds the waiter.
        let previous = state.withLock { state -> Waiter? in
          guard state.messages.isEmpty, state.end == nil, !Task.isCancelled else { return continuation }
          defer { state.waiter = continuation }
          return state.waiter
        }
        previous?.resume()
      }
    } onCancel: {
      state.withLock { $0.takeWaiter() }?.resume()
    }
  }
}
