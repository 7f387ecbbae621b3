/// The servers that a call may be at: those that are on the list, and for a while those that were. A Redis that has
/// lost its memory, or has an older one, lists nobody until the servers have told it that they live.
///
/// A pure value: the clock comes in.
struct KnownServers: Sendable {
  /// How long a server is known that the list lacks. It tells twice a second that it lives.
  static let memory = Duration.seconds(3)

  private var servers: [String: (report: ReplicaReport, missingSince: Duration?)] = [:]

  /// A list was read. Without one nobody is forgotten.
  mutating func read(_ list: ReplicaList, now: Duration) {
    let living = list.replicas.filter(\.isAlive).map(\.report)
    let ids = Set(living.map(\.id))
    let addresses = Set(living.map(\.address))
    for (id, known) in servers where !ids.contains(id) {
      let since = known.missingSince ?? now
      // At its address is another run by now, or it has had its time.
      let isGone = addresses.contains(known.report.address) || now - since > Self.memory
      servers[id] = isGone ? nil : (known.report, since)
    }
    for report in living { servers[report.id] = (report, nil) }
  }

  /// Those that are listed first.
  var all: [(report: ReplicaReport, isListed: Bool)] {
    servers.values.map { ($0.report, $0.missingSince == nil) }.sorted { one, other in
      (one.isListed ? 0 : 1, one.report.address) < (other.isListed ? 0 : 1, other.report.address)
    }
  }
}
