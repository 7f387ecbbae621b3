public import Basics
import Glibc

/// The lease as a file on storage that the servers share. It names its owner and when it ends; it is read and replaced
/// under a lock on a file beside it, so that two that find it ended cannot both take it. A server that dies leaves it to
/// end by itself.
public struct LockFileLease: RenewalLease {
  private let path: String
  private let owner: String
  private let life: Int64

  /// - Parameters:
  ///   - path: the lease's file; its folder has to exist. Beside it, `path.lock` is made.
  ///   - owner: what tells this server from the others, now and when it is started again.
  ///   - life: how long the lease lasts unless it is kept.
  public init(path: String, owner: String = Self.freshOwner(), life: Duration = .seconds(60)) {
    self.path = path
    self.owner = owner
    self.life = max(1, life.components.seconds)
  }

  /// A name that no other process has: the host's, the process's id and a random number.
  public static func freshOwner() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(host)-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
  }

  /// Takes, keeps or looks at the lease, on a thread of its own.
  public func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding {
    let result = await DetachedThread.value {
      Result { () throws(FileError) in
        try locked { () throws(FileError) in
          let standing = LeaseStanding.asked(try read(), owner: owner, life: life, notes: notes, now: now)
          if standing.isHeld { try write(standing) }
          return standing
        }
      }
    }
    guard let result else { throw FileError(path, "has no thread that could look at it") }
    return try result.get()
  }

  /// What was noted last of the registrations, without asking for the lease; nothing where nothing was.
  public func notes(now: Int64) async throws(FileError) -> [RegistrationNote] {
    let result = await DetachedThread.value { Result { () throws(FileError) in try read() } }
    guard let result else { throw FileError(path, "has no thread that could look at it") }
    return try result.get()?.liveNotes(now: now) ?? []
  }

  /// Lets the lease end now, if it is ours.
  public func release(now: Int64) async {
    _ = await DetachedThread.value {
      try? locked { () throws(FileError) in
        guard var standing = try read(), standing.owner == owner else { return }
        standing.expires = now
        try write(standing)
      }
    }
  }

  private func read() throws(FileError) -> LeaseStanding? {
    guard let bytes = try BoundedFile.readIfThere(path, maximum: LeaseStanding.maximumBytes) else { return nil }
    // What cannot be read is replaced as if it were not there: it is written whole or not at all, so that nobody's lease
    // can look like this.
    return try? LeaseStanding(bytes)
  }

  private func write(_ standing: LeaseStanding) throws(FileError) {
    try DurableFile.replace(path, Array(standing.text.utf8))
  }

  private func locked<Value>(_ body: () throws(FileError) -> Value) throws(FileError) -> Value {
    let lock = try FileLock(path + ".lock", seconds: 5)
    defer { lock.unlock() }
    return try body()
  }
}
