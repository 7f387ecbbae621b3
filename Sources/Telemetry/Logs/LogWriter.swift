import Dispatch
import Glibc
import Locking

/// Writes lines to a file descriptor on a thread of its own. The lock guards an append into memory, never the write:
/// nobody who logs waits for a terminal or a pipe. Beyond its bound, lines are dropped and counted.
public final class LogWriter: Sendable {
  private struct State {
    var pending: [UInt8] = []
    var isDraining = false
    var dropped = 0
  }

  private let descriptor: Int32
  private let capacity: Int
  private let queue = DispatchQueue(label: "patchbay.log")
  private let state = Locked(State())

  /// A writer to a descriptor, which stays the caller's.
  ///
  /// - Parameter capacity: bytes that may wait to be written.
  public init(descriptor: Int32, capacity: Int = 1 << 20) {
    self.descriptor = descriptor
    self.capacity = capacity
  }

  /// Lines dropped since the start, because they came faster than they could be written or writing failed.
  public var dropped: Int { state.withLock { $0.dropped } }

  /// Takes a line with its line feed. Never waits.
  ///
  /// - Parameter isEssential: taken even where there is no room.
  func write(_ line: [UInt8], isEssential: Bool = false) {
    let mustDrain = state.withLock { state -> Bool in
      guard isEssential || state.pending.count + line.count <= capacity else {
        state.dropped += 1
        return false
      }
      state.pending.append(contentsOf: line)
      defer { state.isDraining = true }
      return !state.isDraining
    }
    if mustDrain { queue.async { self.drain() } }
  }

  /// Waits until all that was taken is written, or for this many milliseconds.
  @discardableResult
  public func flush(milliseconds: Int = 1_000) -> Bool {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    return done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
  }

  private func drain() {
    while true {
      let bytes = state.withLock { state -> [UInt8] in
        defer { state.pending = [] }
        if state.pending.isEmpty { state.isDraining = false }
        return state.pending
      }
      if bytes.isEmpty { return }
      let lost = bytes[writeAll(bytes)...].reduce(0) { $1 == 0x0A ? $0 + 1 : $0 }
      if lost > 0 { state.withLock { $0.dropped += lost } }
    }
  }

  /// Writes as much as can be written; returns how many bytes.
  private func writeAll(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        if count > 0 {
          written += count
        } else if count < 0, errno == EAGAIN {
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&wait, 1, 1_000)
        } else if !(count < 0 && errno == EINTR) {
          break
        }
      }
      return written
    }
  }
}
