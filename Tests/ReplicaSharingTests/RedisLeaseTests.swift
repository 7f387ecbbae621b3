import Basics
import Logging
import RedisClient
import Testing

@testable import DataSources
@testable import ReplicaSharing

@Suite("RedisLease: of several servers one has it, with a real Redis, whatever becomes of that", .serialized)
struct RedisLeaseTests {
  private static let key = DesiredRegistration.Key(organization: "o", url: "https://voice.example", schemaID: "s")

  private func connect(_ server: RedisServer) async throws -> RedisConnection {
    let redis = try RedisConnection(
      RedisSettings(try RedisAddress("redis://127.0.0.1:\(server.port)")), log: Logger(label: "test"))
    let isConnected = await redis.isConnected(within: .seconds(20))
    try #require(isConnected)
    return redis
  }

  private func note(_ nonce: String, until: Int64) -> RegistrationNote {
    RegistrationNote(
      key: Self.key, id: "d", expiry: until, nonces: [.init(nonce: nonce, until: until)], isComplete: true)
  }

  @Test("of ten servers that ask at once, one has it; it keeps it, and it ends when it is not kept")
  func one() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connect(server)
    defer { redis.close() }
    let leases = (0..<10).map { RedisLease(redis, owner: "server-\($0)", life: .seconds(60)) }
    let holders = try await withThrowingTaskGroup(of: (Int, LeaseStanding).self) { group in
      for (index, lease) in leases.enumerated() {
        group.addTask { (index, try await lease.hold(publishing: nil, now: 1_000)) }
      }
      var holders: [Int] = []
      for try await (index, standing) in group where standing.isHeld { holders.append(index) }
      return holders
    }
    try #require(holders.count == 1)
    let holder = holders[0]
    let other = (holder + 1) % 10
    let kept = try await leases[holder].hold(publishing: [note("n", until: 5_000)], now: 1_050)
    #expect(kept.isHeld && kept.fence == 1 && kept.expires == 1_110)
    let seen = try await leases[other].hold(publishing: nil, now: 1_100)
    #expect(!seen.isHeld && seen.owner == "server-\(holder)" && seen.notes == [note("n", until: 5_000)])
    let next = try await leases[other].hold(publishing: nil, now: 1_110)
    #expect(next.isHeld && next.fence == 2 && next.notes == [note("n", until: 5_000)])
    let former = try await leases[holder].hold(publishing: [note("late", until: 5_000)], now: 1_111)
    #expect(!former.isHeld && former.fence == 2)
    #expect(try await leases[holder].notes(now: 4_999) == [note("n", until: 5_000)])
    #expect(try await leases[holder].notes(now: 5_000).first?.nonces.isEmpty == true)
  }

  @Test("given back, it is another's at once")
  func release() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connect(server)
    defer { redis.close() }
    let first = RedisLease(redis, owner: "first")
    let second = RedisLease(redis, owner: "second")
    #expect(try await first.hold(publishing: nil, now: 1_000).isHeld)
    #expect(try await second.hold(publishing: nil, now: 1_001).isHeld == false)
    await second.release(now: 1_002)
    #expect(try await second.hold(publishing: nil, now: 1_003).isHeld == false)
    await first.release(now: 1_004)
    #expect(try await second.hold(publishing: nil, now: 1_005).isHeld)
    #expect(try await first.hold(publishing: nil, now: 1_006).isHeld == false)
  }

  @Test("a Redis that has lost its memory, or has an older one, gives a lease that runs to nobody else")
  func wiped() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connect(server)
    defer { redis.close() }
    let holder = RedisLease(redis, owner: "holder", life: .seconds(60))
    let other = RedisLease(redis, owner: "other", life: .seconds(60))
    #expect(try await holder.hold(publishing: [note("n", until: 9_000)], now: 1_000).isHeld)
    #expect(try await other.hold(publishing: nil, now: 1_001).isHeld == false)
    let old = try await redis.send(RedisCommand("GET", .text(RedisLease.key)), within: .seconds(5)).get()
    #expect(try await holder.hold(publishing: nil, now: 1_030).isHeld)
    #expect(try await other.hold(publishing: nil, now: 1_031).expires == 1_090)

    _ = await redis.send(RedisCommand("FLUSHALL"), within: .seconds(5))
    #expect(try await other.hold(publishing: nil, now: 1_032).isHeld == false)
    let again = try await holder.hold(publishing: nil, now: 1_033)
    #expect(again.isHeld && again.fence == 1 && again.notes == [note("n", until: 9_000)])

    _ = await redis.send(
      RedisCommand("SET", .text(RedisLease.key), .bytes(try #require(old.bytes))), within: .seconds(5))
    #expect(try await other.hold(publishing: nil, now: 1_070).isHeld == false)
    let taken = try await other.hold(publishing: nil, now: 1_100)
    #expect(taken.isHeld && taken.fence == 2)
  }

  @Test("without Redis it cannot be had, and it is said why")
  func gone() async throws {
    let server = try RedisServer()
    let redis = try await connect(server)
    defer { redis.close() }
    let lease = RedisLease(redis, owner: "holder")
    server.kill()
    do throws(FileError) {
      _ = try await lease.hold(publishing: nil, now: 1_000)
      Issue.record("there is a lease without a Redis")
    } catch {
      #expect("\(error)".contains("redis://127.0.0.1:\(server.port) cannot be had: "))
    }
  }

  @Test("what is no lease is replaced")
  func nonsense() async throws {
    let server = try RedisServer()
    defer { server.kill() }
    let redis = try await connect(server)
    defer { redis.close() }
    _ = await redis.send(RedisCommand("SET", .text(RedisLease.key), "nonsense"), within: .seconds(5))
    #expect(try await RedisLease(redis, owner: "holder").hold(publishing: nil, now: 1_000).isHeld)
  }
}
