import Basics
import Glibc

/// What the supervisor tells a process, a byte each, by a pipe that is the process's standard input. Signals would do, but
/// an init system sends its own to all processes of a service at once.
enum ProcessOrder: UInt8, Sendable {
  /// No new calls; end when those of all processes are over.
  case drain = 0x64
  /// Do not wait for them any longer.
  case hurry = 0x68
  /// Read the configuration again.
  case reload = 0x72

  /// What comes from a descriptor, to its end; then, the supervisor being gone, one more ``drain``.
  static func orders(from descriptor: Int32) -> AsyncStream<ProcessOrder> {
    AsyncStream { stream in
      let isRunning = DetachedThread.run {
        var byte: UInt8 = 0
        while true {
          let count = read(descriptor, &byte, 1)
          if count < 0, errno == EINTR { continue }
          guard count == 1 else { break }
          if let order = ProcessOrder(rawValue: byte) { stream.yield(order) }
        }
        stream.yield(.drain)
        stream.finish()
      }
      if !isRunning { stream.finish() }
    }
  }
}
