import Basics
import Foundation
import Glibc
import Locking
import Logging
import Secrets
import Testing

@testable import RedisClient

@Suite("A RedisConnection to a real server: nothing waits over its time, whatever becomes of the server", .serialized)
struct RedisConnectionTests {
  private static let long = Duration.seconds(20)

  private func connection(
    _ server: RedisServer, _ change: (inout RedisSettings) -> Void = { _ in }
  ) throws -> RedisConnection {
    var settings = RedisSettings(try RedisAddress("redis://127.0.0.1:\(server.port)"))
    change(&settings)
    return try RedisConnection(settings, log: Logger(label: "test"))
  }

  private func connected(
    _ server: RedisServer, _ change: (inout RedisSettings) -> Void = { _ in }
  ) async throws -> RedisConnection {
    let connection = try connection(server, change)
    let isConnected = await connection.isConnected(within: Self.long)
    try #require(isConnected, "\(connection.state)")
    return connection
  }

  /// Waits for the reason why there is no connection.
  private func reason(_ connection: RedisConnection) async throws -> String {
    for _ in 0..<2_000 {
      if case .unreachable(let reason) = connection.state, reason != "not yet connected" { return reason }
      try await Task.sleep(for: .milliseconds(10))
    }
    return "\(connection.state)"
  }

  @Test("values come back as they were sent")
  func values() async throws {
    let server = try RedisServer()
    let redis = try await connected(server)
    defer { server.kill() }
    defer { redis.close() }
    let large = [UInt8](repeating: 13, count: 1 << 20)
    #expect(await redis.send(RedisCommand("SET", "k", .bytes(large)), within: Self.long) == .success(.status("OK")))
    #expect(await redis.send(RedisCommand("GET", "k"), within: Self.long) == .success(.bytes(large)))
    #expect(await redis.send(RedisCommand("GET", "none"), within: Self.long) == .success(.null))
    #expect(await redis.send(RedisCommand("RPUSH", "l", "a", "b"), within: Self.long) == .success(.integer(2)))
    let list = RESPValue.array([.bytes([97]), .bytes([98])])
    #expect(await redis.send(RedisCommand("LRANGE", "l", "0", "-1"), within: Self.long) == .success(list))
    guard case .failure(.refused(let text)) = await redis.send(RedisCommand("GET", "l"), within: Self.long) else {
      Issue.record("a command that cannot be was carried out")
      return
    }
    #expect(text.hasPrefix("WRONGTYPE"))
    #expect(redis.unanswered == 0)
  }

  @Test("commands of many tasks at once each have their own answer")
  func many() async throws {
    let server = try RedisServer()
    let redis = try await connected(server)
    defer { server.kill() }
    defer { redis.close() }
    let wrong = await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var wrong = 0
          for number in 0..<100 {
            let text = "\(task)-\(number)"
            if await redis.send(RedisCommand("ECHO", .text(text)), within: Self.long)
              != .success(.bytes(Array(text.utf8)))
            {
              wrong += 1
            }
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
    let echoes = await redis.send((0..<300).map { RedisCommand("ECHO", .integer($0)) }, within: Self.long)
    #expect(echoes == (0..<300).map { .success(.bytes(Array("\($0)".utf8))) })
  }

  @Test("a server that was killed is told of at once, and used again when it is back")
  func killed() async throws {
    let server = try RedisServer()
    let redis = try await connected(server)
    defer { redis.close() }
    server.kill()
    _ = try await reason(redis)
    let began = MonotonicClock.now()
    for _ in 0..<100 {
      guard case .failure(.unreachable) = await redis.send(RedisCommand("PING"), within: Self.long) else {
        Issue.record("a server that is gone has answered")
        return
      }
    }
    // One hundred waits for a time limit would be over half an hour.
    #expect(MonotonicClock.now() - began < .seconds(10))
    try server.start()
    let isBack = await redis.isConnected(within: Self.long)
    #expect(isBack && redis.connections == 2)
    #expect(await redis.send(RedisCommand("PING"), within: Self.long) == .success(.status("PONG")))
  }

  @Test("a server that stands still: each command ends with its time, and a late answer is nobody's")
  func stopped() async throws {
    let server = try RedisServer()
    let redis = try await connected(server) { $0.stall = .seconds(60) }
    defer { redis.close() }
    server.signal(SIGSTOP)
    let began = MonotonicClock.now()
    let results = await withTaskGroup(of: Result<RESPValue, RedisError>.self) { group in
      for number in 0..<50 {
        group.addTask { await redis.send(RedisCommand("ECHO", .integer(Int64(number))), within: .milliseconds(100)) }
      }
      var results: [Result<RESPValue, RedisError>] = []
      for await result in group { results.append(result) }
      return results
    }
    #expect(results.allSatisfy { $0 == .failure(.timeout) })
    #expect(MonotonicClock.now() - began < .seconds(10))
    #expect(redis.unanswered == 50)
    server.signal(SIGCONT)
    #expect(await redis.send(RedisCommand("ECHO", "mine"), within: Self.long) == .success(.bytes(Array("mine".utf8))))
    #expect(redis.unanswered == 0)
  }

  @Test("a server whose clients are paused answers the next command with its own answer")
  func paused() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connected(server) { $0.stall = .seconds(60) }
    defer { redis.close() }
    _ = await redis.send(RedisCommand("CLIENT", "PAUSE", "1500", "ALL"), within: Self.long)
    #expect(await redis.send(RedisCommand("ECHO", "a"), within: .milliseconds(50)) == .failure(.timeout))
    #expect(await redis.send(RedisCommand("ECHO", "b"), within: Self.long) == .success(.bytes([98])))
  }

  @Test("a connection that stands still is given up, and its commands with it")
  func stalled() async throws {
    let server = try RedisServer()
    let redis = try await connected(server) {
      $0.stall = .milliseconds(300)
      $0.connectTimeout = .milliseconds(500)
    }
    defer { redis.close() }
    server.signal(SIGSTOP)
    guard case .failure(.lost) = await redis.send(RedisCommand("PING"), within: Self.long) else {
      Issue.record("a server that stands still has answered")
      return
    }
    guard case .failure(.unreachable) = await redis.send(RedisCommand("PING"), within: Self.long) else {
      Issue.record("a command was sent without a connection")
      return
    }
    server.signal(SIGCONT)
    let isBack = await redis.isConnected(within: Self.long)
    #expect(isBack)
  }

  @Test("with as many commands unanswered as may be, the next is refused at once")
  func full() async throws {
    let server = try RedisServer()
    let redis = try await connected(server) {
      $0.stall = .seconds(60)
      $0.maximumCommands = 8
    }
    defer { redis.close() }
    server.signal(SIGSTOP)
    for _ in 0..<8 { redis.send(RedisCommand("PING"), within: .milliseconds(1)) { _ in } }
    #expect(await redis.send(RedisCommand("PING"), within: Self.long) == .failure(.full))
    server.signal(SIGCONT)
    for _ in 0..<1_000 where redis.unanswered > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await redis.send(RedisCommand("PING"), within: Self.long) == .success(.status("PONG")))
  }

  @Test("a user, a password that is read anew, and a database")
  func access() async throws {
    let server = try RedisServer(["--user", "pb", "on", ">secret", "~*", "&*", "+@all", "--requirepass", "other"])
    defer { server.kill() }
    let file = NSTemporaryDirectory() + "redis-password-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(
      FileManager.default.createFile(atPath: file, contents: Data("wrong".utf8), attributes: [.posixPermissions: 0o600])
    )
    var settings = RedisSettings(try RedisAddress("redis://pb@127.0.0.1:\(server.port)/3"))
    let open = try RedisConnection(settings, log: Logger(label: "test"))
    #expect(try await reason(open).contains("wants a password"))
    open.close()
    settings.password = .file(file)
    let redis = try RedisConnection(settings, log: Logger(label: "test"))
    defer { redis.close() }
    #expect(try await reason(redis).contains("refuses the user or the password"))
    try Data("secret\n".utf8).write(to: URL(fileURLWithPath: file))
    let isConnected = await redis.isConnected(within: Self.long)
    try #require(isConnected)
    #expect(redis.state == .connected(version: redis.state.version))
    #expect(redis.state.version.hasPrefix("7.") || redis.state.version.count > 2)
    _ = await redis.send(RedisCommand("SET", "k", "v"), within: Self.long)
    let client = await redis.send(RedisCommand("CLIENT", "INFO"), within: Self.long)
    #expect(try client.get().text?.contains(" db=3 ") == true)
  }

  @Test("TLS to a server that the given authority vouches for, and to no other")
  func tls() async throws {
    let certificates = try TestCertificates()
    let server = try RedisServer(tls: certificates)
    defer { server.kill() }
    var settings = RedisSettings(try RedisAddress("rediss://localhost:\(server.port)"))
    settings.rootsPEM = try certificates.authority()
    let redis = try RedisConnection(settings, log: Logger(label: "test"))
    defer { redis.close() }
    let isConnected = await redis.isConnected(within: Self.long)
    try #require(isConnected, "\(redis.state)")
    #expect(await redis.send(RedisCommand("PING"), within: Self.long) == .success(.status("PONG")))

    settings.rootsPEM = try TestCertificates().authority()
    let stranger = try RedisConnection(settings, log: Logger(label: "test"))
    #expect(try await reason(stranger).contains("its certificate is not trusted"))
    stranger.close()

    settings.rootsPEM = try certificates.authority()
    settings.serverName = "redis.example"
    let misnamed = try RedisConnection(settings, log: Logger(label: "test"))
    #expect(try await reason(misnamed).contains("redis.example"))
    misnamed.close()
    #expect(throws: RedisSettingsError.self) {
      settings.rootsPEM = "none"
      _ = try RedisConnection(settings, log: Logger(label: "test"))
    }
  }

  @Test("a script is sent once, and again where the server has forgotten it")
  func script() async throws {
    let server = try RedisServer()
    let redis = try await connected(server)
    defer { server.kill() }
    defer { redis.close() }
    let script = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    for number in 1...3 {
      #expect(await redis.run(script, key: "n", ["5"], within: Self.long) == .success(.integer(Int64(number) * 5)))
    }
    #expect(await redis.send(RedisCommand("SCRIPT", "FLUSH"), within: Self.long) == .success(.status("OK")))
    #expect(await redis.run(script, key: "n", ["1"], within: Self.long) == .success(.integer(16)))
    let stats = try await redis.send(RedisCommand("INFO", "commandstats"), within: Self.long).get().text ?? ""
    // Whole for the first time and for the time after the flush; by its hash for the others, one of them in vain.
    #expect(stats.contains("cmdstat_eval:calls=2,") && stats.contains("cmdstat_evalsha:calls=3,"))
  }

  @Test("a server of a cluster is not used, and it is said why")
  func cluster() async throws {
    // Without it the port and ten thousand, which may be beyond the last.
    let server = try RedisServer(["--cluster-enabled", "yes", "--cluster-port", "\(try RedisServer.freePort())"])
    defer { server.kill() }
    let redis = try connection(server)
    defer { redis.close() }
    #expect(try await reason(redis).contains("Redis Cluster"))
  }

  @Test("what is no Redis is left alone")
  func notRedis() async throws {
    let certificates = try TestCertificates()
    let server = try RedisServer(tls: certificates)
    defer { server.kill() }
    let redis = try connection(server) { $0.connectTimeout = .milliseconds(500) }
    defer { redis.close() }
    let reason = try await reason(redis)
    let known = ["closed the connection", "broke the connection off", "does not answer"]
    #expect(known.contains { reason.contains($0) }, "\(reason)")
  }

  @Test("closed, it sends nothing more")
  func closed() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connected(server)
    redis.close()
    for _ in 0..<1_000 where redis.state != .closed { try await Task.sleep(for: .milliseconds(5)) }
    #expect(await redis.send(RedisCommand("PING"), within: Self.long) == .failure(.closed))
  }
}

extension RedisState {
  /// The server's version.
  fileprivate var version: String { if case .connected(let version) = self { version } else { "" } }
}
