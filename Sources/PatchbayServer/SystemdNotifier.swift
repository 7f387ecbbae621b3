import Basics
import Glibc

/// Tells systemd what the service is doing, as sd_notify(3) does: one datagram for each word, to the socket that
/// `NOTIFY_SOCKET` names. Where that is not set, nobody is told.
///
/// The one owner of its descriptor. It is opened at the start: when open files run out, the watchdog is fed all the same.
final class SystemdNotifier: Sendable {
  /// What is told.
  enum Word: Sendable, Equatable {
    /// Calls are accepted.
    case ready(status: String)
    /// The configuration is being read again; `ready` follows.
    case reloading
    /// The drain has begun, and takes at most this long: systemd waits for that, whatever the unit's `TimeoutStopSec` is.
    case stopping(within: Duration, status: String)
    /// The server's own port has answered it.
    case alive
  }

  /// `nil` where nobody listens.
  private let socket: Int32?
  private let address: sockaddr_un
  private let length: socklen_t

  /// Opens the socket.
  ///
  /// - Parameter path: the content of `NOTIFY_SOCKET`: an absolute path, or `@` and an abstract name. `nil` and what is
  ///   neither tell nobody.
  init(path: String?) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array((path ?? "").utf8)
    let isAbstract = name.first == UInt8(ascii: "@")
    let isName = isAbstract || name.first == UInt8(ascii: "/")
    guard isName, name.count < MemoryLayout.size(ofValue: address.sun_path) else {
      (socket, self.address, length) = (nil, address, 0)
      return
    }
    withUnsafeMutableBytes(of: &address.sun_path) { place in
      place.copyBytes(from: name)
      if isAbstract { place[0] = 0 }
    }
    self.address = address
    // A path is counted with its closing zero, an abstract name as it is.
    length = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1))
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    socket = descriptor < 0 ? nil : descriptor
    // Whoever does not read must not stop the server.
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    if let socket { close(socket) }
  }

  /// Tells it. Blocks for a second at most; what cannot be sent is lost, as sd_notify(3) has it.
  func tell(_ word: Word) {
    guard let socket else { return }
    let text = Array(Self.text(of: word, now: MonotonicClock.now()).utf8)
    withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = sendto(socket, text, text.count, Int32(MSG_NOSIGNAL), address, length)
      }
    }
  }

  /// The datagram's text.
  static func text(of word: Word, now: Duration) -> String {
    switch word {
    case .ready(let status): "READY=1\nSTATUS=\(line(status))"
    case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(microseconds(now))"
    case .stopping(let limit, let status):
      "STOPPING=1\nEXTEND_TIMEOUT_USEC=\(microseconds(limit))\nSTATUS=\(line(status))"
    case .alive: "WATCHDOG=1"
    }
  }

  /// A line feed would begin another assignment.
  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }.prefix(1_000))
  }

  private static func microseconds(_ duration: Duration) -> Int64 { Int64(duration / .microseconds(1)) }
}
