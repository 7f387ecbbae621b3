import Glibc

/// A listener that gives every connection the same bytes and then says nothing more.
final class RawListener: Sendable {
  struct CannotListen: Error {}

  let port: Int
  private let socket: Int32

  init(reply: [UInt8], closes: Bool = false) throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard status else { throw CannotListen() }
    self.socket = socket
    port = Int(UInt16(bigEndian: address.sin_port))
    // A thread and not a task: `accept` blocks. It ends when the socket is shut down.
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(socket: socket, reply: reply, closes: closes))
    let started = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    guard started == 0 else { throw CannotListen() }
    pthread_detach(thread)
  }

  func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

  private final class Work: Sendable {
    let socket: Int32
    let reply: [UInt8]
    let closes: Bool

    init(socket: Int32, reply: [UInt8], closes: Bool) {
      self.socket = socket
      self.reply = reply
      self.closes = closes
    }

    func run() {
      var connections: [Int32] = []
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { break }
        // What the client asks is read first, or closing would reset the connection.
        var request = [UInt8](repeating: 0, count: 4096)
        if closes || !reply.isEmpty { _ = recv(connection, &request, request.count, 0) }
        if !reply.isEmpty { _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL)) }
        if closes { close(connection) } else { connections.append(connection) }
      }
      for connection in connections { close(connection) }
      close(socket)
    }
  }
}
