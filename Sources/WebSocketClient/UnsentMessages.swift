import Locking
import NIOCore

/// The messages of one socket that wait for the event loop or for the network. Filled by any thread.
final class UnsentMessages: Sendable {
  private struct State {
    var messages: [ByteBuffer] = []
    /// Bytes that wait here and bytes handed over that the network has not taken yet.
    var bytes = 0
    var isClosed = false
    var isWaking = false
    var refused = 0
  }

  private let limit: Int
  private let state = Locked(State())

  init(limit: Int) { self.limit = limit }

  /// Messages that found no space.
  var refused: Int { state.withLock { $0.refused } }

  /// Whether messages are still taken.
  var isOpen: Bool { state.withLock { !$0.isClosed } }

  enum Admission {
    /// There is no space, or the socket is closed.
    case refused
    /// It waits; the event loop knows.
    case queued
    /// It waits; wake the event loop.
    case wakes
  }

  func append(_ bytes: [UInt8]) -> Admission {
    state.withLock { state in
      // One that is larger than the limit is taken where there is space at all: what a call begins with is as long as it is.
      guard !state.isClosed, state.bytes < limit else {
        state.refused += 1
        return .refused
      }
      state.messages.append(ByteBuffer(bytes: bytes))
      state.bytes += bytes.count
      defer { state.isWaking = true }
      return state.isWaking ? .queued : .wakes
    }
  }

  /// On the event loop: takes what waits. It counts until ``sent(_:)``.
  func removeAll() -> [ByteBuffer] {
    state.withLock { state in
      defer {
        state.messages.removeAll(keepingCapacity: state.messages.capacity <= 64)
        state.isWaking = false
      }
      return state.messages
    }
  }

  /// The network has taken, or will never take, this many bytes.
  func sent(_ bytes: Int) { state.withLock { $0.bytes -= bytes } }

  /// Nothing is taken any more.
  func close() { state.withLock { $0.isClosed = true } }
}
