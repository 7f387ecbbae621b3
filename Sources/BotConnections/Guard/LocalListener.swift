import Glibc

/// A listening socket that only this process may use: it has a name in Linux's abstract namespace, and who connects is
/// asked for by its process (``isOwn(_:)``).
struct LocalListener {
  /// The name, without the leading NUL: letters, digits and hyphens.
  let name: String
  /// The reader's to close.
  let descriptor: Int32

  init() throws(ConnectionError) {
    let name = "patchbay-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw Self.failure }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The first byte of the path stays NUL, and the length ends the name.
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      for (place, byte) in zip(path.indices.dropFirst(), name.utf8) { path[place] = byte }
    }
    let length = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
    }
    guard bound == 0, listen(descriptor, 16) == 0 else {
      let failure = Self.failure
      Glibc.close(descriptor)
      throw failure
    }
    self.name = name
    self.descriptor = descriptor
  }

  private static var failure: ConnectionError {
    ConnectionError("no local socket can be made: \(String(cString: strerror(errno)))")
  }

  /// What `SO_PEERCRED` tells: the kernel's `struct ucred`, which Glibc's module leaves out.
  struct Peer {
    var process: pid_t = 0
    var user: uid_t = 0
    var group: gid_t = 0
  }

  /// Whether the other end of a connection is of this process.
  static func isOwn(_ peer: Peer) -> Bool { peer.process == getpid() }
}
