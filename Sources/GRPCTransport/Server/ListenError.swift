import CGRPC
import Glibc

/// Why a server does not listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
  /// What was wrong.
  public enum Reason: Sendable, Hashable, CustomStringConvertible {
    /// Not of the form `HOST:PORT`, or no host of this name.
    case invalidAddress
    /// Another process, or another listener, has it.
    case addressInUse
    /// Not an address of this machine.
    case addressNotAvailable
    /// Ports below 1024 need a privilege.
    case notPermitted
    /// A TLS file that cannot be read or used: which, and why.
    case tlsFile(path: String, problem: String)
    /// Anything else, in words.
    case refused(String)

    /// The reason in words.
    public var description: String {
      switch self {
      case .invalidAddress: "not HOST:PORT, or an unknown host"
      case .addressInUse: "the address is in use"
      case .addressNotAvailable: "not an address of this machine"
      case .notPermitted: "this port needs a privilege"
      case .tlsFile(let path, let problem): "\(path): \(problem)"
      case .refused(let text): text
      }
    }
  }

  /// The listener's address as configured.
  public var address: String
  /// What was wrong.
  public var reason: Reason

  /// `cannot listen on 127.0.0.1:50051: the address is in use`.
  public var description: String { "cannot listen on \(address): \(reason)" }

  /// Whether it is `HOST:PORT` or `unix:/PATH`. The C core would make up a port where there is none, and wrap one that is
  /// too large.
  static func isWellFormed(_ address: String) -> Bool { isSocket(address) || split(address) != nil }

  private static func isSocket(_ address: String) -> Bool { address.hasPrefix("unix:/") }

  private static func split(_ address: String) -> (host: String, port: String)? {
    guard let colon = address.lastIndex(of: ":") else { return nil }
    let host = address[..<colon]
    let port = String(address[address.index(after: colon)...])
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    guard UInt16(port) != nil, !host.isEmpty, bracketed || !host.contains(":") else { return nil }
    return (bracketed ? String(host.dropFirst().dropLast()) : String(host), port)
  }

  /// The C core says only that it failed, so a bind of our own finds out why.
  static func explain(_ listener: GRPCServer.Configuration.Listener) -> ListenError {
    func error(_ reason: Reason) -> ListenError { ListenError(address: listener.address, reason: reason) }
    if isSocket(listener.address) { return error(.refused("the socket cannot be made there")) }
    guard let (host, port) = split(listener.address) else { return error(.invalidAddress) }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, port, &hints, &found) == 0, let first = found else { return error(.invalidAddress) }
    defer { freeaddrinfo(found) }
    let probe = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
    guard probe >= 0 else { return error(.refused(String(cString: strerror(errno)))) }
    defer { close(probe) }
    var one: Int32 = 1
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    if bind(probe, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 {
      if Glibc.listen(probe, 1) == 0 {
        if case .tls(let files) = listener.security {
          return error(
            .tlsFile(path: files.certificate, problem: "the certificate, its key or the client CA is not usable"))
        }
        return error(.refused("the C core refused it"))
      }
    }
    switch errno {
    case EADDRINUSE: return error(.addressInUse)
    case EADDRNOTAVAIL: return error(.addressNotAvailable)
    case EACCES, EPERM: return error(.notPermitted)
    default: return error(.refused(String(cString: strerror(errno))))
    }
  }
}
