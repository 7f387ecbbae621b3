import Basics
import Glibc
import Synchronization

@testable import TokenVerification

/// An HTTP server on the loopback interface that answers every request with the same bytes, at the pace it is told.
final class LoopbackServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let count = Atomic(0)

  /// Requests that arrived.
  var requests: Int { count.load(ordering: .relaxed) }

  /// - Parameters:
  ///   - answer: the whole answer, status line included; nothing is sent if it is empty.
  ///   - pause: milliseconds between two of its bytes.
  init(_ answer: String, pause: UInt32 = 0) throws {
    struct Failure: Error {}
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isListening else { throw Failure() }
    port = UInt16(bigEndian: address.sin_port)
    let bytes = Array(answer.utf8)
    _ = DetachedThread.run { [weak self] in
      // Closed by the thread that accepts: it may be about to accept when the server goes, and the number of a closed
      // descriptor may be the next server's by then.
      defer { close(listener) }
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        self?.count.add(1, ordering: .relaxed)
        _ = DetachedThread.run { Self.serve(connection, bytes, pause) }
      }
    }
  }

  deinit {
    // Wakes the thread that accepts.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private static func serve(_ connection: Int32, _ answer: [UInt8], _ pause: UInt32) {
    defer { close(connection) }
    var request = [UInt8](repeating: 0, count: 4_096)
    guard recv(connection, &request, request.count, 0) > 0 else { return }
    let step = pause == 0 ? 65_536 : 1
    var sent = 0
    while sent < answer.count {
      let part = Array(answer[sent..<min(sent + step, answer.count)])
      let count = send(connection, part, part.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return }
      sent += count
      usleep(pause * 1_000)
    }
    // Until the client has closed: nothing of the answer is to be lost by closing first.
    while recv(connection, &request, request.count, 0) > 0 {}
  }

  static func answer(_ body: String, status: String = "200 OK", headers: [String] = []) -> String {
    (["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers)
      .joined(separator: "\r\n") + "\r\n\r\n" + body
  }
}
