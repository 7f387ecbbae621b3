package import CallGateway
package import GatewayConfiguration
import Glibc
package import Logging
import Telemetry
package import UnixSignals

extension RunningServer {
  /// The operator's signals, from here on: SIGTERM, SIGINT, SIGHUP.
  ///
  /// Dispatch gets them through a signalfd: they interrupt no system call of the C core, whose threads block them.
  package static func operatorSignals() async -> UnixSignalsSequence {
    // A peer that hangs up is an error of its write, not of the process.
    signal(SIGPIPE, SIG_IGN)
    return await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
  }

  /// What a process that is a server does: sets up its limits, log and metrics, and serves until the operator asks for
  /// the end.
  ///
  /// - Parameters:
  ///   - path: the configuration's file; `nil` for the embedded demo.
  ///   - place: among several processes; `nil` where this is the only one.
  ///   - signals: what the operator asks for.
  ///   - agents: makes the agents; what it throws is thrown on.
  /// - Returns: whether it served and ended as it was asked to. The log tells why not.
  package static func serve(
    _ loaded: Configuration.Loaded, of path: String?, as place: ProcessPlace? = nil, until signals: UnixSignalsSequence,
    agents: (Logger) throws -> AgentDirectory
  ) async throws -> Bool {
    let openFiles = ProcessLimits.raiseOpenFiles()
    let logging = loaded.configuration.logging
    let sink = Log.bootstrap(level: logging.level, format: logging.format, process: place?.number)
    let metrics = MetricsRegistry(families: MetricFamilies.all)
    metrics.bootstrap()
    ProcessFigures.register(in: metrics, sink: sink)
    let log = Logger(label: "patchbay")
    let agents = try agents(log)
    defer { Log.flush() }
    log.info("starting", metadata: ["version": "\(Version.text)", "open_files": "\(openFiles)"])
    do {
      let server = try RunningServer(
        loaded, of: path, agents: agents, metrics: metrics, place: place, sink: sink, log: log)
      try await server.run(until: signals)
      return true
    } catch let error as PortProbe.LostPortError {
      log.critical("\(error)")
    } catch { log.critical("cannot start: \(error)") }
    return false
  }
}
