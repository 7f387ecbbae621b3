import Basics
import GatewayConfiguration
import Glibc

/// Keeps a port for the processes that will listen on it: it is bound here and nobody listens, so that no connection comes.
/// The one owner of its descriptor.
final class PortReservation: Sendable {
  /// The port cannot be had.
  typealias ReservationError = TextError<PortReservation>

  /// With the port that is bound.
  let address: NetworkAddress
  private let descriptor: Int32

  /// Binds; port 0 takes a free one.
  init(_ wanted: NetworkAddress) throws(ReservationError) {
    // Of those who would share it, none may be there: they would get half of the calls.
    let isFixed = wanted.port != 0
    if isFixed { close(try Self.bound(to: wanted, sharing: false)) }
    let descriptor = try Self.bound(to: wanted, sharing: true)
    var own = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutablePointer(to: &own) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    // `sin_port` and `sin6_port` stand at the same place.
    let port = withUnsafeBytes(of: &own) { UInt16($0[2]) << 8 | UInt16($0[3]) }
    guard code == 0 else {
      let problem = Self.problem(wanted, errno)
      close(descriptor)
      throw problem
    }
    self.descriptor = descriptor
    address = NetworkAddress(host: wanted.host, port: port)
  }

  deinit { close(descriptor) }

  private static func problem(_ address: NetworkAddress, _ code: Int32) -> ReservationError {
    ReservationError("cannot listen on \(address): \(String(cString: strerror(code)))")
  }

  private static func bound(to address: NetworkAddress, sharing: Bool) throws(ReservationError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, "\(address.port)", &hints, &found) == 0, let first = found?.pointee else {
      throw ReservationError("cannot listen on \(address): no such address")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw problem(address, errno) }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
    if sharing { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, size) }
    // Without sharing it has to listen too: a port whose listener is gone may still be bound.
    guard bind(descriptor, first.ai_addr, first.ai_addrlen) == 0, sharing || listen(descriptor, 1) == 0 else {
      let code = errno
      close(descriptor)
      throw problem(address, code)
    }
    return descriptor
  }
}
