import AdminServer
import Basics
import CallGateway
import GRPCTransport
import GatewayConfiguration
import HTTPServing
import Logging
import ReplayKit
import ServiceLifecycle
import Telemetry
import UnixSignals

extension RunningServer {
  /// Serves until the operator asks for the end, then drains. Throws where an address cannot be bound, and where the
  /// server's own port is lost.
  func run(until signals: UnixSignalsSequence) async throws {
    traces?.bootstrap()
    CoreGuard.configure(configuration.limits.connections)
    // Before a caller can come whose conversation others are to be told of.
    let clusterAddress = try cluster?.start(gateway: gateway, loops: loops)
    try process?.start(gateway: gateway, loops: loops)
    let ports = try server.start()
    // Before anybody can know that there is a server to call.
    let token = try ports.first.flatMap { try identity.leaveToken(port: $0, .grpc) }
    defer { token?.remove() }
    let socketPort = try sockets?.start()
    let socketToken = try socketPort.flatMap { try identity.leaveToken(port: Int($0), .socket) }
    defer { socketToken?.remove() }
    if configuration.admin.hasPhone, let port = ports.first {
      PhoneParts(
        configuration, bound: (port, socketPort), identity: identity, gateway: gateway, loops: loops
      ).add(to: admin)
    }
    let bound = try await admin.start()
    state.publish(to: health)
    if let registrar { identity.verifier.onUnknownNonce { registrar.question(organization: $0) } }
    if let clusterAddress { Log.announce(.cluster(on: clusterAddress)) }
    if let process, let port = ports.last {
      // The supervisor announces all of them.
      process.listens(on: port, admin: Int(bound.port))
    } else {
      announce(ports, sockets: socketPort, admin: bound, token)
    }
    warn()
    notifier.tell(.ready(status: "in force: the configuration of the start"))

    // They end in the reverse order, each when the one below has ended.
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: upkeep(token, socketToken), serviceName: "upkeep"),
      .init(
        service: ClosureService {
          try? await gracefulShutdown()
          await self.end()
        }, serviceName: "calls"),
    ]
    if let reloader { services.append(.init(service: reloader, serviceName: "reloader")) }
    // Of a port that several share, a connection may reach any of them.
    if let port = ports.last {
      services.append(
        .init(
          service: PortProbe(
            configuration.listen, host: process.map { configuration.listen.ownAddress(of: $0.number).ownHost },
            port: port, state: state, answered: { [notifier] in notifier.tell(.alive) },
            log: log),
          failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "port probe"))
    }
    let group = ServiceGroup(configuration: .init(services: services, logger: log))
    async let _ = heed(signals, ending: group)
    async let _ = drainWhenAsked(group)
    async let _ = heedSupervisor(ending: group)
    try await group.run()
  }

  /// Tells where the server is, and what an operator should know of it.
  private func announce(
    _ ports: [Int], sockets socketPort: UInt16?, admin bound: NetworkAddress, _ token: DemoToken.Kept?
  ) {
    if let port = ports.first {
      Log.announce(
        .listening(on: NetworkAddress(host: configuration.listen.address.host, port: UInt16(clamping: port))))
    }
    if let socketPort, let address = configuration.webSocket?.address {
      Log.announce(.webSocket(on: NetworkAddress(host: address.host, port: socketPort)))
    }
    Log.announce(.admin(on: bound))
    if let token {
      Log.announce(.notice("\(configuration.isDemo ? "demo" : "development") token in \(token.path)"))
    }
  }

  private func warn() {
    if configuration.identity.isDevelopment, !configuration.isDemo {
      log.warning(
        "identity.development is on: tokens are made by this process, and whoever can read this user's files can call")
    }
    if CoreGuard.isActive {
      log.info("connections are guarded")
    } else {
      log.warning("connections are not guarded: this libgrpc is not the known build; see Docs/connections.md")
    }
  }

  private func upkeep(_ token: DemoToken.Kept?, _ socketToken: DemoToken.Kept?) -> Upkeep {
    var beats: [Beats.Beat] = [
      .every(VoiceGateway.loadInterval, gateway.loadWatch(of: loops)),
      .every(.milliseconds(100)) { [state, health] in state.publish(to: health) },
      .every(.seconds(1), KeySetFigures()) { [identity] in $0.record(identity.keyStatus) },
      .every(.seconds(1), ConnectionFigures()) { $0.record() },
      .every(.seconds(1)) { [gateway] in gateway.noteLiveCalls(now: MonotonicClock.now()) },
      .every(.seconds(1), MemoryWatch(gateway: gateway, log: log)) { $0.read() },
    ]
    // These may wait for a disk.
    var filing: [Beats.Beat] = [
      .every(.seconds(1)) { [certificates] in
        certificates.look(wall: WallClock.now(), monotonic: MonotonicClock.now())
      }
    ]
    if let cluster { beats.append(cluster.tick) }
    if let process {
      beats += process.beats(state)
      filing += process.filing(state, metrics: metrics)
    }
    var works: [Upkeep.Work] = [
      Beats.onThread(beats), Beats.onThread(filing),
      { [identity] in await identity.keepKeysFresh() },
    ]
    for (kept, wire) in [(token, DemoToken.Wire.grpc), (socketToken, .socket)] {
      guard let kept else { continue }
      works.append { [identity, log] in await identity.keepTokenFresh(kept, wire, log: log) }
    }
    // What has ended by then is exported within the time that all this work is given at the end.
    if let traces { works.append { await traces.export() } }
    if let recordings { works.append { await recordings.keepInOrder() } }
    if let registrar { works.append { await registrar.run() } }
    if let cluster { works += cluster.upkeep }
    if let shared { works.append { await shared.exchange.run() } }
    if let process { works.append(process.tend) }
    return Upkeep(works)
  }
}
