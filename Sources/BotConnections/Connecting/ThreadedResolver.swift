import Dispatch
import Glibc
public import NIOCore
public import NIOPosix

/// Resolves one name on a thread of the system's pool: a name server that hangs holds up this attempt and no other.
///
/// NIO's own resolver takes the names of one event loop one after the other.
public final class ThreadedResolver: Resolver, Sendable {
  private let v4: EventLoopPromise<[SocketAddress]>
  private let v6: EventLoopPromise<[SocketAddress]>

  /// A resolver of one name, whose answer comes on `loop`.
  public init(loop: any EventLoop) {
    v4 = loop.makePromise()
    v6 = loop.makePromise()
  }

  /// Part of being a resolver.
  public func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4.futureResult }

  /// Both queries are one call of `getaddrinfo`.
  public func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    DispatchQueue.global().async { [v4, v6] in
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      let status = getaddrinfo(host, String(port), &hints, &found)
      guard status == 0 else {
        let error = ConnectionError("\(host) has no address")
        v6.fail(error)
        v4.fail(error)
        return
      }
      defer { freeaddrinfo(found) }
      var addresses: (v4: [SocketAddress], v6: [SocketAddress]) = ([], [])
      var next = found
      while let info = next?.pointee {
        next = info.ai_next
        guard let address = info.ai_addr else { continue }
        switch info.ai_family {
        case AF_INET:
          address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { addresses.v4.append(.init($0.pointee)) }
        case AF_INET6:
          address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { addresses.v6.append(.init($0.pointee)) }
        default: break
        }
      }
      v6.succeed(addresses.v6)
      v4.succeed(addresses.v4)
    }
    return v6.futureResult
  }

  /// The system's resolver cannot be stopped; its answer is not awaited any more.
  public func cancelQueries() {}
}
