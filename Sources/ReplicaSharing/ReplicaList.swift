public import RedisClient

/// The servers as Redis has them at one moment.
public struct ReplicaList: Sendable, Hashable {
  /// Redis's clock, in milliseconds since 1970.
  public var time: Int64
  /// The servers, by their addresses.
  public var replicas: [ListedReplica]

  /// A list.
  public init(time: Int64, replicas: [ListedReplica]) {
    self.time = time
    // A server that was started again at its address is not missing.
    let there = Set(replicas.filter(\.isAlive).map(\.report.address))
    let known = replicas.filter { $0.isAlive || !there.contains($0.report.address) }
    self.replicas = known.sorted { ($0.report.address, $0.report.id) < ($1.report.address, $1.report.id) }
  }

  /// Reads an answer of ``SharingScripts``: the time, then ids and what they told. What is no report is left out.
  init?(_ answer: RESPValue) {
    guard let values = answer.array, let time = values.first?.integer else { return nil }
    var replicas: [ListedReplica] = []
    for value in values.dropFirst() {
      guard let bytes = value.bytes, let space = bytes.firstIndex(of: UInt8(ascii: " ")),
        let at = Int64(String(decoding: bytes[..<space], as: UTF8.self)),
        let report = ReplicaReport(encoded: bytes[(space + 1)...])
      else { continue }
      // Another server of Redis may have another clock.
      let age = max(0, time.subtractingReportingOverflow(at).partialValue)
      replicas.append(ListedReplica(report, age: .milliseconds(age)))
    }
    self.init(time: time, replicas: replicas)
  }

  /// What is left of each limit is shared by these.
  func reading(own report: ReplicaReport) -> SharedLimits.Reading {
    let others = replicas.filter { $0.isAlive && $0.report.id != report.id }.map(\.report)
    var counts: [String: Int] = [:]
    for other in others {
      for (organization, count) in other.organizations where count > 0 {
        counts[organization, default: 0] += count
      }
    }
    let takers = (others.filter { $0.state == .ready }.map(\.id) + [report.id]).sorted()
    return SharedLimits.Reading(
      own: report.organizations, others: counts, replicas: takers.count,
      rank: takers.firstIndex(of: report.id) ?? 0, second: Int(time / 1000))
  }
}

extension RedisConnection {
  /// The servers that share this Redis, for somebody who is none of them.
  public func replicas(within limit: Duration) async throws(RedisError) -> ReplicaList {
    let answer = try await run(SharingScripts.look, key: SharingScripts.replicas, within: limit).get()
    guard let list = ReplicaList(answer) else { throw .unexpected("no list of servers") }
    return list
  }
}
