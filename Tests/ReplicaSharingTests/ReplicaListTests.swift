import RedisClient
import Testing

@testable import ReplicaSharing

@Suite("A ReplicaList is read from what servers told, and tells what is left of limits")
struct ReplicaListTests {
  private func report(_ id: String, _ state: ReplicaReport.State = .ready, _ counts: [String: Int] = [:])
    -> ReplicaReport
  {
    ReplicaReport(
      id: id, address: "10.0.0.\(id):1", version: "1", state: state, live: counts.values.reduce(0, &+), owned: 0,
      uptime: 1, organizations: counts)
  }

  private func told(_ report: ReplicaReport, at: Int64) -> [RESPValue] {
    [.bytes(Array(report.id.utf8)), .bytes(Array("\(at) ".utf8) + report.encoded)]
  }

  @Test("reports come back as they were told, with their age; what is none is left out")
  func reading() throws {
    let first = report("1", .draining, ["o": 3, "p": 1])
    let values: [RESPValue] =
      [.integer(10_000)] + told(first, at: 9_500) + told(report("2"), at: 12_000) + [
        .bytes([1]), .bytes(Array("no time".utf8)), .bytes([2]), .bytes(Array("5 {}".utf8)), .null, .integer(3),
      ]
    let list = try #require(ReplicaList(.array(values)))
    #expect(list.time == 10_000 && list.replicas.count == 2)
    #expect(list.replicas.first == ListedReplica(first, age: .milliseconds(500)))
    // A clock that was ahead is no reason to take a server for dead.
    #expect(list.replicas.last?.isAlive == true)
    #expect(ReplicaList(.array([])) == nil && ReplicaList(.null) == nil)
  }

  @Test("a server that was started again at its address is not missing, and numbers that cannot be are bounded")
  func startedAgain() throws {
    var hostile = report("1", .ready, ["o": .max, "p": -5])
    (hostile.live, hostile.uptime) = (.max, .min)
    let back = try #require(ReplicaReport(encoded: hostile.encoded[...]))
    #expect(back.live == 1_000_000_000 && back.uptime == 0 && back.organizations == ["o": 1_000_000_000, "p": 0])
    var again = report("2")
    again.address = hostile.address
    let list = ReplicaList(
      time: 0, replicas: [ListedReplica(hostile, age: .seconds(9)), ListedReplica(again, age: .zero)])
    #expect(list.replicas.map(\.report.id) == ["2"])
  }

  @Test("a later version's report with more fields is read")
  func laterVersion() {
    let text =
      #"{"id":"a","address":"h:1","version":"9","state":"ready","live":1,"owned":1,"uptime":2,"#
      + #""organizations":{"o":1},"mood":"fine"}"#
    #expect(ReplicaReport(encoded: Array(text.utf8)[...])?.live == 1)
    #expect(ReplicaReport(encoded: Array("{\"id\":1}".utf8)[...]) == nil)
  }

  @Test(
    "the dead count no more, those that drain have no part of what is left, and one's own old word is not another's")
  func limits() {
    let own = report("2", .ready, ["o": 4])
    let list = ReplicaList(
      time: 7_000,
      replicas: [
        ListedReplica(report("1", .ready, ["o": 3]), age: .milliseconds(2_900)),
        ListedReplica(report("3", .draining, ["o": 2]), age: .zero),
        ListedReplica(report("4", .ready, ["o": 50]), age: .seconds(3)),
        ListedReplica(report("2", .ready, ["o": 9]), age: .zero),
      ])
    #expect(
      list.reading(own: own)
        == SharedLimits.Reading(own: ["o": 4], others: ["o": 5], replicas: 2, rank: 1, second: 7))
  }

  @Test("with more organizations than a report holds, the largest are told")
  func bounds() {
    var counts: [String: Int] = [:]
    for number in 0..<5_000 { counts["organization-\(number)-0123456789"] = number }
    let encoded = report("1", .ready, counts).encoded
    let back = ReplicaReport(encoded: encoded[...])
    #expect(encoded.count <= ReplicaReport.maximumBytes)
    #expect(back?.organizations.count == ReplicaReport.maximumOrganizations)
    #expect(back?.organizations["organization-4999-0123456789"] == 4_999)
  }
}

@Suite("A RevocationFeed adds what operators revoked anywhere, and takes nothing back for an empty Redis")
struct RevocationFeedTests {
  @Test("what is read counts at once; what Redis has lost counts for ten minutes")
  func forgetting() {
    var feed = RevocationFeed<String>()
    var changes = [feed.read(all: ["a", "b"], now: .zero)]
    changes.append(feed.read(latest: ["a"], now: .seconds(1)))
    changes.append(feed.read(latest: ["c"], now: .seconds(2)))
    #expect(changes == [true, false, true] && feed.entries == ["a", "b", "c"])
    changes = [feed.read(all: ["a"], now: .seconds(599))]
    #expect(changes == [false] && feed.entries.count == 3)
    changes = [feed.read(all: ["a"], now: .seconds(600))]
    #expect(changes == [true] && feed.entries == ["a", "c"])
  }

  @Test("a new connection may lead to an empty Redis: one's own are told again, and nothing is forgotten at once")
  func reconnected() {
    var feed = RevocationFeed<String>()
    feed.revoke("mine")
    #expect(feed.toTell == ["mine"])
    feed.told(["mine"])
    #expect(feed.toTell.isEmpty)
    _ = feed.read(all: ["mine", "theirs"], now: .zero)
    feed.reconnected(now: .seconds(5_000))
    #expect(feed.toTell == ["mine"])
    let isNew = feed.read(all: [], now: .seconds(5_001))
    #expect(!isNew && feed.entries == ["mine", "theirs"])
  }

  @Test("there is a bound")
  func bound() {
    var feed = RevocationFeed<Int>()
    _ = feed.read(all: Set(0..<30_000), now: .zero)
    #expect(feed.entries.count == RevocationFeed<Int>.maximum)
  }
}
