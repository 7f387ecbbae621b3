package import AdminServer
import Basics
import CallGateway
package import GatewayConfiguration
import Logging
import Ownership
package import RedisClient
package import ReplicaSharing
import TokenVerification

/// What this server shares with the others of its cluster: limits of tenants, revocations, and the list of servers with
/// their live calls.
final class SharedParts: Sendable {
  let exchange: ReplicaExchange
  private let cluster: ClusterParts

  /// Nothing is told yet.
  init(_ cluster: ClusterParts, state: ServerState, identity: IdentityParts, log: Logger) {
    self.cluster = cluster
    exchange = ReplicaExchange(
      over: cluster.redis,
      .init(
        report: { state.report(as: cluster) },
        revoke: { [tenants = identity.tenants] in tenants.revoke($0, by: .replicas) }),
      log: log)
    state.gateway.shareLimits { [exchange] organization, own, limit in
      exchange.ceiling(of: organization, own: own, limit: limit)
    }
    cluster.link.know { [exchange] in
      exchange.known.map { report, isListed in
        KnownReplica(
          Replica(address: report.address, incarnation: report.id), takesCalls: isListed && report.state == .ready)
      }
    }
  }

  /// What the dashboard shows of the servers.
  var shown: StatusSnapshot.Cluster {
    let found = exchange.list
    var cluster = found.map { StatusSnapshot.Cluster($0.list, age: $0.age) } ?? StatusSnapshot.Cluster()
    cluster.trouble = exchange.trouble
    let own = self.cluster.link.keeper.own.incarnation
    for index in cluster.servers.indices { cluster.servers[index].isThis = cluster.servers[index].id == own }
    return cluster
  }

  /// The live calls of other servers, as they told of them; none that are old.
  var otherCalls: [StatusSnapshot.Call] {
    guard exchange.trouble == nil, let list = exchange.list?.list else { return [] }
    let own = cluster.link.keeper.own.incarnation
    return list.replicas.filter { $0.isAlive && $0.report.id != own }.flatMap { replica in
      (replica.report.calls ?? []).map { .init($0, of: replica.report.address) }
    }
  }
}

extension StatusSnapshot.Cluster {
  /// The servers of a list that was read so long ago.
  package init(_ list: ReplicaList, age: Duration) {
    self.init()
    secondsAgo = age / .seconds(1)
    servers = list.replicas.map { replica in
      let (report, age) = (replica.report, replica.age + age)
      return Server(
        address: report.address, id: report.id, version: report.version,
        state: age < ListedReplica.silence ? report.state.rawValue : Server.silent, liveCalls: report.live,
        ownedCalls: report.owned, uptime: report.uptime, secondsAgo: age / .seconds(1))
    }
  }
}

extension StatusSnapshot.Call {
  fileprivate init(_ call: ReplicaReport.Call, of server: String) {
    self.init(
      id: call.id, conversation: call.conversation, tenant: call.tenant, organization: call.organization,
      agent: call.agent, agentName: call.agentName, state: call.state, seconds: call.seconds, turns: call.turns)
    self.server = server
  }
}

extension ServerState {
  /// What the other servers are told.
  fileprivate func report(as cluster: ClusterParts) -> ReplicaReport {
    let now = MonotonicClock.now()
    let own = cluster.link.keeper.own
    let live = gateway.statuses.sorted { $0.seconds(now: now) > $1.seconds(now: now) }
    let names = gateway.settings.agents.agentsByID.mapValues(\.name)
    var report = ReplicaReport(
      id: own.incarnation, address: own.address, version: Version.text,
      state: isDraining ? .draining : readiness.isReady ? .ready : .unready, live: live.count,
      owned: cluster.link.keeper.count, uptime: Int((now - began) / .seconds(1)),
      organizations: gateway.liveByOrganization)
    report.calls = live.prefix(ReplicaReport.maximumCalls).map { status in
      let call = StatusSnapshot.Call(status, names, now: now)
      return ReplicaReport.Call(
        id: call.id, conversation: call.conversation, tenant: call.tenant, organization: call.organization,
        agent: call.agent, agentName: call.agentName, state: call.state, seconds: call.seconds, turns: call.turns)
    }
    return report
  }
}

extension Configuration.Cluster {
  /// How its Redis is reached.
  ///
  /// - Throws: what is wrong with the address, or with the file of roots.
  package func redisSettings() throws -> RedisSettings {
    var settings = RedisSettings(try RedisAddress(redis))
    settings.password = password
    settings.rootsPEM = try redisCA.map { path in try BoundedFile.text(path, maximum: 1 << 20) }
    return settings
  }
}
