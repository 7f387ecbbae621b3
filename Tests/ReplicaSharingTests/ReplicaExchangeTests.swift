import Basics
import Locking
import Logging
import RedisClient
import Testing
import TokenVerification

@testable import ReplicaSharing

/// A server that takes part in the exchange.
private final class Member: Sendable {
  let redis: RedisConnection
  let exchange: ReplicaExchange
  private let counts: Locked<[String: Int]>
  private let revoked: Locked<Set<ClaimPolicy.RevokedNonce>>
  private let time: Locked<Duration>

  init(_ id: String, port: Int) async throws {
    redis = try RedisConnection(
      RedisSettings(try RedisAddress("redis://127.0.0.1:\(port)")), log: Logger(label: "test"))
    let (counts, revoked) = (Locked<[String: Int]>([:]), Locked<Set<ClaimPolicy.RevokedNonce>>([]))
    let time = Locked(Duration.seconds(1_000))
    (self.counts, self.revoked, self.time) = (counts, revoked, time)
    exchange = ReplicaExchange(
      over: redis,
      .init(
        report: {
          let counts = counts.withLock { $0 }
          return ReplicaReport(
            id: id, address: "10.0.0.1:\(id)", version: "1", state: .ready, live: counts.values.reduce(0, +), owned: 0,
            uptime: 1, organizations: counts)
        }, revoke: { entries in revoked.withLock { $0 = entries } }),
      log: Logger(label: "test"), now: { time.withLock { $0 } })
    let isConnected = await redis.isConnected(within: .seconds(20))
    try #require(isConnected)
  }

  func has(_ count: Int) { counts.withLock { $0["o"] = count } }
  func wait(_ duration: Duration) { time.withLock { $0 += duration } }
  func ceiling(_ limit: Int) -> Int { exchange.ceiling(of: "o", own: counts.withLock { $0["o"] ?? 0 }, limit: limit) }
  var refused: Set<ClaimPolicy.RevokedNonce> { revoked.withLock { $0 } }
}

@Suite("ReplicaExchange: three servers learn of one another over a real Redis", .serialized)
struct ReplicaExchangeTests {
  private static let nonce = ClaimPolicy.RevokedNonce(
    organization: "ce861fba-6e2f-49f9-9a84-b354008fac9e", nonce: "a nonce")

  private func members(_ server: RedisServer) async throws -> [Member] {
    var members: [Member] = []
    for id in ["1", "2", "3"] { members.append(try await Member(id, port: server.port)) }
    return members
  }

  @Test("each knows the others' calls, and all share a limit")
  func limits() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let members = try await members(server)
    defer { for member in members { member.redis.close() } }
    for (member, count) in zip(members, [10, 20, 30]) { member.has(count) }
    #expect(members[0].ceiling(90) == 90)
    for _ in 0..<2 { for member in members { await member.exchange.exchange() } }
    // Of ninety, thirty are left: ten for each.
    #expect(members.map { $0.ceiling(90) } == [20, 30, 40])
    let list = try #require(members[0].exchange.list)
    #expect(list.list.replicas.map(\.report.live) == [10, 20, 30] && list.list.replicas.allSatisfy(\.isAlive))
    let shown = try await members[1].redis.replicas(within: .seconds(5))
    #expect(shown.replicas.map(\.report.live) == [10, 20, 30])
    // Nothing was read for too long: the own limit counts.
    members[0].wait(.seconds(3))
    #expect(members[0].ceiling(90) == 90)
  }

  @Test("a server that ends leaves the list")
  func leaving() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let members = try await members(server)
    defer { for member in members { member.redis.close() } }
    let task = Task { await members[0].exchange.run() }
    for _ in 0..<1_000 where members[0].exchange.list == nil { try await Task.sleep(for: .milliseconds(10)) }
    await members[1].exchange.exchange()
    #expect(members[1].exchange.list?.list.replicas.count == 2)
    task.cancel()
    await task.value
    await members[1].exchange.exchange()
    #expect(members[1].exchange.list?.list.replicas.map(\.report.id) == ["2"])
  }

  @Test("what an operator revokes at one server, all refuse; an empty Redis takes nothing back, and has it again")
  func revocations() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let members = try await members(server)
    defer { for member in members { member.redis.close() } }
    for member in members { await member.exchange.exchange() }
    #expect(members[0].exchange.revoke(Self.nonce))
    for member in members { await member.exchange.exchange() }
    #expect(members.allSatisfy { $0.refused == [Self.nonce] })

    server.kill()
    for member in members { await member.exchange.exchange() }
    #expect(members.allSatisfy { $0.exchange.trouble == nil || $0.refused == [Self.nonce] })
    try server.start()
    for member in members {
      let isBack = await member.redis.isConnected(within: .seconds(20))
      try #require(isBack)
    }
    for member in members { await member.exchange.exchange() }
    #expect(members.allSatisfy { $0.refused == [Self.nonce] })
    // A server that is new learns of it.
    let late = try await Member("4", port: server.port)
    defer { late.redis.close() }
    await late.exchange.exchange()
    #expect(late.refused == [Self.nonce])
  }

  @Test("without Redis the own limit counts, and it is said why")
  func gone() async throws {
    let server = try RedisServer()
    let members = try await members(server)
    defer { for member in members { member.redis.close() } }
    for member in members { await member.exchange.exchange() }
    #expect(members[0].exchange.trouble == nil)
    server.kill()
    for _ in 0..<2_000 where members[0].redis.state.isConnected { try await Task.sleep(for: .milliseconds(5)) }
    members[0].wait(.seconds(4))
    await members[0].exchange.exchange()
    #expect(members[0].exchange.trouble?.contains("Redis is not reachable") == true)
    #expect(members[0].ceiling(10) == 10)
    #expect(members[0].exchange.revoke(Self.nonce) == false)
  }
}
