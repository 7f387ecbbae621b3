import AdminServer
import Basics
import Foundation
package import GatewayConfiguration
import Locking
import Logging
import Ownership
import Telemetry
package import UnixSignals

/// Runs a number of processes of this program, which share a port: starts them, and again when they end, tells them what the
/// operator wants, and serves the admin port for all of them. It takes no calls itself.
package final class Supervisor: Sendable {
  private enum Event: Sendable {
    case look
    case ended(Int, ChildProcess.End)
    case ordered(ProcessOrder)
  }

  private let table: ProcessTable
  private let folder: ProcessFolder
  private let reservations: [PortReservation]
  private let addresses: (grpc: NetworkAddress, socket: NetworkAddress?)
  private let arguments: [String]
  private let admin: SupervisorAdmin
  private let file: ConfigurationFollower
  private let notifier: SystemdNotifier
  private let events: (stream: AsyncStream<Event>, source: AsyncStream<Event>.Continuation)
  private let children = Locked<[Int: ChildProcess]>([:])
  private let log: Logger

  private static let interval = Duration.milliseconds(100)

  /// Binds the ports, for the processes to come.
  ///
  /// - Parameters:
  ///   - path: the configuration's file.
  ///   - arguments: of this process; each of the others has its number besides.
  private init(_ configuration: Configuration, of path: String, arguments: [String], sink: LogSink, log: Logger) throws
  {
    self.arguments = arguments
    self.log = log
    let environment = ProcessInfo.processInfo.environment
    let grpc = try PortReservation(configuration.listen.address)
    let socket = try configuration.webSocket.map { try PortReservation($0.address) }
    reservations = [grpc] + (socket.map { [$0] } ?? [])
    addresses = (grpc.address, socket?.address)
    folder = try ProcessFolder(environment: environment)
    let secret = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
    table = try ProcessTable(
      .init(
        processes: configuration.listen.processes, port: grpc.address.port, socketPort: socket?.address.port ?? 0,
        secret: String(secret.prefix(64)), folder: folder.path),
      conversations: configuration.limits.conversations)
    notifier = SystemdNotifier(path: environment["NOTIFY_SOCKET"])
    let (stream, source) = AsyncStream<Event>.makeStream()
    events = (stream, source)
    admin = try SupervisorAdmin(configuration, table: table, folder: folder.path, log: log)
    file = ConfigurationFollower(path, configuration)
    let admin = admin
    file.onChange { configuration in
      sink.level = configuration.logging.level
      admin.token = try? configuration.admin.readToken(environment: environment)
    }
    admin.onOrder { source.yield(.ordered($0)) }
  }

  /// What a process does that runs others: returns the exit code when all have ended.
  package static func serve(
    _ loaded: Configuration.Loaded, of path: String, arguments: [String], until signals: UnixSignalsSequence
  ) async -> Int32 {
    _ = ProcessLimits.raiseOpenFiles()
    let logging = loaded.configuration.logging
    let sink = Log.bootstrap(level: logging.level, format: logging.format)
    let log = Logger(label: "patchbay.supervisor")
    defer { Log.flush() }
    log.info(
      "starting", metadata: ["version": "\(Version.text)", "processes": "\(loaded.configuration.listen.processes)"])
    do {
      let supervisor = try Supervisor(loaded.configuration, of: path, arguments: arguments, sink: sink, log: log)
      return try await supervisor.run(until: signals)
    } catch {
      log.critical("cannot start: \(error)")
      return 1
    }
  }

  private func run(until signals: UnixSignalsSequence) async throws -> Int32 {
    let bound = try await admin.start()
    defer { admin.stop() }
    let source = events.source
    let ticks = Task {
      while !Task.isCancelled {
        source.yield(.look)
        try? await Task.sleep(for: Self.interval)
      }
    }
    let listening = Task {
      var isAsked = false
      for await signal in signals {
        source.yield(.ordered(signal == .sighup ? .reload : isAsked ? .hurry : .drain))
        if signal != .sighup { isAsked = true }
      }
    }
    defer {
      ticks.cancel()
      listening.cancel()
    }
    var machine = SupervisorStateMachine(count: table.plan.processes)
    var actions = machine.begin(now: MonotonicClock.now())
    var events = events.stream.makeAsyncIterator()
    while true {
      for action in actions {
        if let code = carryOut(action, admin: bound) {
          log.notice("ended")
          return code
        }
      }
      guard let event = await events.next() else { return 1 }
      actions = heed(event, &machine)
    }
  }

  private func heed(_ event: Event, _ machine: inout SupervisorStateMachine) -> [SupervisorStateMachine.Action] {
    let now = MonotonicClock.now()
    switch event {
    case .look:
      file.look()
      let wasWell = admin.isWell
      let actions = machine.look((0..<table.plan.processes).map(look), now: now)
      admin.look(isEnding: machine.isEnding)
      if admin.isWell, wasWell { notifyAlive(now) }
      return actions
    case .ended(let index, let end):
      children.withLock { $0[index] = nil }
      table.end(index)
      admin.retire(index)
      let actions = machine.ended(index, code: end.code, now: now)
      report(index, end, wait: machine.waits(index).map { max(.zero, $0 - now) })
      return actions
    case .ordered(let order):
      if order == .reload {
        notifier.tell(.reloading)
        notifier.tell(.ready(status: status))
      }
      if order == .drain, !machine.isEnding {
        let limits = file.configuration.shutdown
        notifier.tell(
          .stopping(
            within: limits.notice + limits.drain + limits.grace + .seconds(60),
            status: "draining; conversations that are live: \(table.live)"))
        log.notice("draining all processes", metadata: ["live": "\(table.live)"])
      }
      return machine.ordered(order)
    }
  }

  private func report(_ index: Int, _ end: ChildProcess.End, wait: Duration?) {
    var metadata: Logger.Metadata = ["process": "\(index)"]
    if let signal = end.signal { metadata["signal"] = "\(signal)" } else { metadata["code"] = "\(end.code)" }
    guard let wait else { return log.info("a process has ended", metadata: metadata) }
    metadata["starts_again_in_ms"] = "\(Int(wait / .milliseconds(1)))"
    if end.code == 0 {
      log.notice("a process has ended and is started again", metadata: metadata)
    } else {
      log.error("a process has died and is started again", metadata: metadata)
    }
  }

  private func look(_ index: Int) -> SupervisorStateMachine.Look {
    let state = table.state(of: index)
    return .init(
      isReady: state == .ready, isStarting: state == .starting || state == .gone,
      silence: table.silence(of: index) ?? .zero)
  }

  private var status: String { "\(table.plan.processes) processes" }

  private let lastAlive = Locked(Duration.zero)

  /// systemd's watchdog is fed while a process accepts calls: each calls its own port, and ends where it is lost.
  private func notifyAlive(_ now: Duration) {
    let isDue = lastAlive.withLock { last in
      guard now - last >= PortProbe.interval else { return false }
      last = now
      return true
    }
    if isDue { notifier.tell(.alive) }
  }

  /// Returns the exit code where all is over.
  private func carryOut(_ action: SupervisorStateMachine.Action, admin bound: NetworkAddress) -> Int32? {
    switch action {
    case .start(let index): start(index)
    case .tell(let index, let order): children.withLock { $0[index] }?.tell(order)
    case .kill(let index):
      log.error("a process stands still and is ended", metadata: ["process": "\(index)"])
      children.withLock { $0[index] }?.kill()
    case .announce:
      Log.announce(.listening(on: addresses.grpc))
      if let socket = addresses.socket { Log.announce(.webSocket(on: socket)) }
      Log.announce(.admin(on: bound))
      admin.announced()
      notifier.tell(.ready(status: status))
    case .exit(let code): return code
    }
    return nil
  }

  private func start(_ index: Int) {
    let source = events.source
    table.begin(index)
    var environment = ProcessInfo.processInfo.environment
    // systemd is the supervisor's to tell.
    for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] { environment[name] = nil }
    do throws(ChildProcess.SpawnError) {
      let child = try ChildProcess(
        arguments: arguments + ["--process", "\(index)"], environment: environment, memory: table.descriptor)
      children.withLock { $0[index] = child }
      log.debug("a process begins", metadata: ["process": "\(index)", "pid": "\(child.id)"])
      Task { source.yield(.ended(index, await child.end())) }
    } catch {
      log.error("\(error)", metadata: ["process": "\(index)"])
      source.yield(.ended(index, .init(code: 1)))
    }
  }
}
