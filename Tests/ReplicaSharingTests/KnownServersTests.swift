import Testing

@testable import ReplicaSharing

@Suite("KnownServers are those of the list, and for a while those that it lacks")
struct KnownServersTests {
  private func list(_ servers: [(id: String, address: String)]) -> ReplicaList {
    ReplicaList(
      time: 0,
      replicas: servers.map { id, address in
        ListedReplica(
          ReplicaReport(
            id: id, address: address, version: "1", state: .ready, live: 0, owned: 0, uptime: 1, organizations: [:]),
          age: .zero)
      })
  }

  private func ids(_ known: KnownServers) -> [String] {
    known.all.map { $0.isListed ? $0.report.id : "(\($0.report.id))" }
  }

  @Test("a list that lacks servers, as of a Redis that comes back with nothing, is believed after 3 s")
  func missing() {
    var known = KnownServers()
    known.read(list([("a", "1"), ("b", "2")]), now: .seconds(100))
    #expect(ids(known) == ["a", "b"])
    // Redis was gone for long.
    known.read(list([("a", "1")]), now: .seconds(200))
    #expect(ids(known) == ["a", "(b)"])
    known.read(list([("a", "1"), ("b", "2")]), now: .seconds(201))
    #expect(ids(known) == ["a", "b"])
    known.read(list([("b", "2")]), now: .seconds(202))
    known.read(list([("b", "2")]), now: .seconds(205))
    #expect(ids(known) == ["b", "(a)"])
    known.read(list([("b", "2")]), now: .milliseconds(205_001))
    #expect(ids(known) == ["b"])
  }

  @Test("a server that was started again at its address is not known twice")
  func startedAgain() {
    var known = KnownServers()
    known.read(list([("a", "1")]), now: .zero)
    known.read(list([("c", "1")]), now: .seconds(1))
    #expect(ids(known) == ["c"])
  }
}
