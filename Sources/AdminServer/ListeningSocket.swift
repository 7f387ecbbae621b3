import Glibc

/// A TCP socket that listens; closed with its last reference.
final class ListeningSocket: Sendable {
  let descriptor: Int32
  /// With the port that was bound.
  let address: AdminServer.Address

  init(_ address: AdminServer.Address) throws(AdminServer.BindError) {
    func failure(_ reason: String) -> AdminServer.BindError {
      AdminServer.BindError(description: "cannot listen on \(address): \(reason)")
    }
    var storage = sockaddr_storage()
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    let length = Self.write(host, address.port, to: &storage)
    guard length > 0 else { throw failure("not an IP address") }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(Int32(storage.ss_family), kind, 0)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    var isOn: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
    let isListening =
      Self.withAddress(&storage) { bind(descriptor, $0, length) } == 0 && listen(descriptor, 256) == 0
    var bound = socklen_t(MemoryLayout<sockaddr_storage>.size)
    guard isListening, Self.withAddress(&storage, { getsockname(descriptor, $0, &bound) }) == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw failure(reason)
    }
    self.descriptor = descriptor
    self.address = AdminServer.Address(host: address.host, port: Self.port(of: &storage))
  }

  deinit { close(descriptor) }

  private static func withAddress<Result>(
    _ storage: inout sockaddr_storage, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
  ) -> Result {
    // The storage is large enough and aligned for every address family (POSIX, sys/socket.h).
    withUnsafeMutablePointer(to: &storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
  }

  private static func write(_ host: String, _ port: UInt16, to storage: inout sockaddr_storage) -> socklen_t {
    withUnsafeMutableBytes(of: &storage) { bytes in
      var four = sockaddr_in()
      if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
        four.sin_family = sa_family_t(AF_INET)
        four.sin_port = port.bigEndian
        bytes.storeBytes(of: four, as: sockaddr_in.self)
        return socklen_t(MemoryLayout<sockaddr_in>.size)
      }
      var six = sockaddr_in6()
      guard inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else { return 0 }
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      bytes.storeBytes(of: six, as: sockaddr_in6.self)
      return socklen_t(MemoryLayout<sockaddr_in6>.size)
    }
  }

  private static func port(of storage: inout sockaddr_storage) -> UInt16 {
    withUnsafeBytes(of: &storage) { bytes in
      // The port is at the same place in both families.
      UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port)
    }
  }
}
