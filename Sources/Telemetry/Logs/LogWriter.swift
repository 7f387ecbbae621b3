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
  private let isShared: Bool
  private let queue = DispatchQueue(label: "patchbay.log")
  private let state = Locked(State())

  /// A writer to a descriptor, which stays the caller's.
  ///
  /// - Parameters:
  ///   - capacity: bytes that may wait to be written.
  ///   - isShared: whether other processes write their lines there too: then no write ends within a line, and lines of at
  ///     most 4,096 bytes stay whole in a pipe (POSIX, `PIPE_BUF`).
  public init(descriptor: Int32, capacity: Int = 1 << 20, isShared: Bool = false) {
    self.isShared = isShared
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

  /// Bytes of the lines that fit in one write to a pipe; of a line that does not, all of it.
  private static func wholeLines(in bytes: UnsafeRawBufferPointer) -> Int {
    if bytes.count <= Int(PIPE_BUF) { return bytes.count }
    let fitting = bytes.prefix(Int(PIPE_BUF))
    let end = fitting.lastIndex(of: 0x0A) ?? bytes.dropFirst(fitting.count).firstIndex(of: 0x0A)
    return end.map { $0 + 1 } ?? bytes.count
  }

  /// Writes as much as can be written; returns how many bytes.
  private func writeAll(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
        let size = isShared ? Self.wholeLines(in: rest) : rest.count
        let count = Glibc.write(descriptor, rest.baseAddress, size)
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
