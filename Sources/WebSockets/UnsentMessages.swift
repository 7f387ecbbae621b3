import Locking
import NIOCore

/// The messages of one socket that wait for the event loop or for the network. Filled by any thread.
package final class UnsentMessages: Sendable {
  /// A message on its way out.
  package struct Message: Sendable {
    var kind: WebSocketMessage.Kind
    var data: ByteBuffer
  }

  private struct State {
    var messages: [Message] = []
    /// Bytes that wait here and bytes handed over that the network has not taken yet.
    var bytes = 0
    var isClosed = false
    var isWaking = false
    /// More than half of the limit waited, or something was refused, and nobody was told that there is room again.
    var isFull = false
    var refused = 0
  }

  private let limit: Int
  private let state = Locked(State())

  /// Nothing waits yet.
  package init(limit: Int) { self.limit = limit }

  /// Messages that found no space.
  package var refused: Int { state.withLock { $0.refused } }

  /// Whether messages are still taken.
  package var isOpen: Bool { state.withLock { !$0.isClosed } }

  /// Bytes that the network has not taken yet.
  package var bytes: Int { state.withLock { $0.bytes } }

  /// What became of a message.
  package enum Admission {
    /// There is no space, or the socket is closed.
    case refused
    /// It waits; the event loop knows.
    case queued
    /// It waits; wake the event loop.
    case wakes
  }

  /// Takes a message where there is space; the last one without.
  package func append(_ bytes: [UInt8], as kind: WebSocketMessage.Kind = .text, isLast: Bool = false) -> Admission {
    state.withLock { state in
      // One that is larger than the limit is taken where there is space at all: what a call begins with is as long as it is.
      guard !state.isClosed, isLast || state.bytes < limit else {
        state.isFull = true
        state.refused += 1
        return .refused
      }
      state.messages.append(Message(kind: kind, data: ByteBuffer(bytes: bytes)))
      state.bytes += bytes.count
      if state.bytes > limit / 2 { state.isFull = true }
      defer { state.isWaking = true }
      return state.isWaking ? .queued : .wakes
    }
  }

  /// On the event loop: takes what waits. It counts until ``sent(_:)``.
  func removeAll() -> [Message] {
    state.withLock { state in
      defer {
        state.messages.removeAll(keepingCapacity: state.messages.capacity <= 64)
        state.isWaking = false
      }
      return state.messages
    }
  }

  /// The network has taken, or will never take, this many bytes.
  ///
  /// - Returns: whether there is room again that somebody may wait for.
  func sent(_ bytes: Int) -> Bool {
    state.withLock { state in
      state.bytes -= bytes
      guard state.isFull, !state.isClosed, state.bytes <= limit / 2 else { return false }
      state.isFull = false
      return true
    }
  }

  /// Nothing is taken any more.
  func close() { state.withLock { $0.isClosed = true } }
}
