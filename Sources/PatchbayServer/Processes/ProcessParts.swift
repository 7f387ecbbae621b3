import Basics
import CallGateway
import GRPCTransport
import Glibc
import Locking
import Logging
import Ownership
import Telemetry

/// This process's part among several that share a port: its socket for the others, its own port, what it says of itself.
final class ProcessParts: Sendable {
  /// Its number, from 0.
  let number: Int
  private let table: ProcessTable
  /// What the gateway is given.
  let link: ReplicaLink
  private let port: RelayPort
  private let told = Locked<(state: ProcessTable.State, port: Int, adminPort: Int)>((.starting, 0, 0))
  /// What is one for all processes.
  let sharing: ProcessSharing

  /// Nothing listens yet.
  init(_ place: ProcessPlace, log: Logger) {
    number = place.number
    table = place.table
    sharing = ProcessSharing(number, table: table)
    let keeper = OwnershipKeeper(
      table.replica(number), store: SharedOwnershipStore(table), settings: .init(lease: SharedOwnershipStore.lease),
      log: log)
    link = ReplicaLink(keeper: keeper, secret: table.plan.secret, security: .plaintext)
    port = RelayPort(link, log: log)
  }

  /// Listens for the other processes.
  func start(gateway: VoiceGateway, loops: EventLoopGroup) throws {
    _ = try port.start(at: table.plan.address(of: number), gateway: gateway, loops: loops)
  }

  /// What the supervisor says.
  var orders: AsyncStream<ProcessOrder> { ProcessOrder.orders(from: STDIN_FILENO) }

  /// The ports that are this process's alone are bound.
  func listens(on port: Int, admin: Int) {
    told.withLock { told in
      told.port = port
      told.adminPort = admin
    }
  }

  /// What the supervisor shows at the admin port.
  var token: String { table.plan.secret }

  /// What goes on beside the calls.
  func beats(_ state: ServerState) -> [Beats.Beat] {
    [
      .every(often) { [link] in link.keeper.tick() },
      .every(.milliseconds(100)) { [self] in tell(state) },
    ]
  }

  /// What reads and writes small files.
  func filing(_ state: ServerState, metrics: MetricsRegistry) -> [Beats.Beat] {
    let reports = ProcessReports(folder: table.plan.folder)
    return [
      .every(ProcessSharing.pace) { [sharing] in sharing.exchange(state.gateway.liveByOrganization) },
      .every(.seconds(1)) { [number] in reports.write(metrics.exposition(), of: number, .metrics) },
    ]
  }

  /// Keeps what this process has.
  var tend: Upkeep.Work { Upkeep.every(often) { [link] in await link.keeper.tend() } }

  private var often: Duration { link.keeper.settings.lease / 6 }

  private func tell(_ state: ServerState) {
    let told = told.withLock { told in
      if told.state != .drained {
        told.state = state.isDraining ? .draining : state.readiness.isReady ? .ready : .unready
      }
      return told
    }
    table.tell(
      number, told.state, port: told.port, adminPort: told.adminPort, live: state.gateway.liveConversations)
  }

  /// This process's calls are over: it goes on for those of the others, whose RPCs may come by its connections.
  func waitForOthers(within limit: Duration, unless isHurried: @Sendable () -> Bool) async {
    let told = told.withLock { told in
      told.state = .drained
      return told
    }
    table.tell(number, .drained, port: told.port, adminPort: told.adminPort, live: 0)
    let until = MonotonicClock.now() + limit
    func isOneBusy() -> Bool {
      (0..<table.plan.processes).contains { other in
        other != number && table.state(of: other) == .draining && table.live(of: other) > 0
      }
    }
    while isOneBusy(), !isHurried(), MonotonicClock.now() < until { try? await Task.sleep(for: .milliseconds(50)) }
  }

  /// The calls are over.
  func stop() async { await port.stop() }
}
