import Foundation
import Glibc
import Logging
import Locking

/// Accepts connections and answers one request on each, with one thread and `poll`.
///
/// Limits: ``maximumConnections`` at once (a further one takes the place of the one that has kept its request waiting
/// longest), ``HTTPRequest/maximumHeadLength`` bytes of request, ``timeout`` for all of a connection.
final class HTTPListener: Sendable {
  /// Connections at once.
  static let maximumConnections = 64
  /// What a connection may take in all, in nanoseconds.
  static let timeout: Int64 = 10_000_000_000
  /// What is waited before accepting again after that failed, in nanoseconds.
  private static let pause: Int64 = 200_000_000

  private let socket: ListeningSocket
  private let logger: Logger
  private let respond: @Sendable (HTTPRequest) -> HTTPResponse
  private struct Ending {
    var isOver = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let ending = Locked(Ending())
  /// A pipe: a byte in it ends the loop.
  private let wake: (read: Int32, write: Int32)

  /// - Parameter respond: makes the answer, on the listener's thread.
  init(
    _ socket: ListeningSocket, logger: Logger, respond: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) throws(AdminServer.BindError) {
    self.socket = socket
    self.logger = logger
    self.respond = respond
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw AdminServer.BindError(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    wake = (ends[0], ends[1])
    for end in ends { Self.prepare(end) }
  }

  deinit {
    close(wake.read)
    close(wake.write)
  }

  /// No waiting, and not for child processes.
  private static func prepare(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Serves until ``stop()``, on a new thread. Once.
  func start() {
    let thread = Thread {
      self.loop()
      let waiting = self.ending.withLock { ending -> [CheckedContinuation<Void, Never>] in
        ending.isOver = true
        defer { ending.waiting = [] }
        return ending.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
    thread.name = "admin"
    thread.start()
  }

  /// Waits until serving has ended.
  func end() async {
    await withCheckedContinuation { continuation in
      let isOver = ending.withLock { ending -> Bool in
        if !ending.isOver { ending.waiting.append(continuation) }
        return ending.isOver
      }
      if isOver { continuation.resume() }
    }
  }

  /// Ends serving, from any thread.
  func stop() {
    var byte: UInt8 = 0
    _ = write(wake.write, &byte, 1)
  }

  private func loop() {
    var connections: [HTTPConnection] = []
    defer {
      for connection in connections { close(connection.descriptor) }
      // The port is free from here on, whoever still holds the socket (listening ends with it, tcp(7)).
      shutdown(socket.descriptor, Int32(SHUT_RDWR))
    }
    var resumesAccepting: Int64 = 0
    while true {
      let before = Self.now()
      var polled = [
        pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
        // A negative descriptor is left out (POSIX, poll).
        pollfd(fd: before >= resumesAccepting ? socket.descriptor : -1, events: Int16(POLLIN), revents: 0),
      ]
      for connection in connections {
        let events = Int16(connection.isSending ? POLLOUT : POLLIN)
        polled.append(pollfd(fd: connection.descriptor, events: events, revents: 0))
      }
      let deadlines = connections.map(\.deadline) + (before < resumesAccepting ? [resumesAccepting] : [])
      let wait = deadlines.min().map { Int32(clamping: max(0, $0 - before) / 1_000_000 + 1) } ?? -1
      let count = poll(&polled, nfds_t(polled.count), wait)
      if count < 0, errno != EINTR { usleep(10_000) }
      if polled[0].revents != 0 { return }

      let now = Self.now()
      for index in connections.indices {
        if count > 0, polled[index + 2].revents != 0 { connections[index].advance(respond) }
        if now >= connections[index].deadline { connections[index].isOver = true }
      }
      connections.removeAll { connection in
        if connection.isOver { close(connection.descriptor) }
        return connection.isOver
      }
      if count > 0, polled[1].revents != 0 { resumesAccepting = accept(into: &connections, now: now) }
    }
  }

  /// Accepts what waits, as far as there are places; returns when to accept again.
  private func accept(into connections: inout [HTTPConnection], now: Int64) -> Int64 {
    for _ in 0..<Self.maximumConnections {
      let descriptor = Glibc.accept(socket.descriptor, nil, nil)
      guard descriptor >= 0 else {
        if [EAGAIN, EINTR, ECONNABORTED].contains(errno) { return now }
        logger.warning("admin connection not accepted", metadata: ["reason": "\(String(cString: strerror(errno)))"])
        return now + Self.pause
      }
      Self.prepare(descriptor)
      if connections.count >= Self.maximumConnections {
        let oldest = connections.firstIndex { !$0.isSending } ?? 0
        close(connections.remove(at: oldest).descriptor)
      }
      connections.append(HTTPConnection(descriptor: descriptor, deadline: now + Self.timeout))
    }
    return now
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
