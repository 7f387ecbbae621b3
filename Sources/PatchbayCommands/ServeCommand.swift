import ArgumentParser
import GatewayConfiguration
import Logging
import PatchbayServer

/// `patchbay serve`: the server, from its configuration to its drained end.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the server.",
    discussion: """
      Without --config it runs the embedded demo: loopback only, a demo agent, and a development issuer made on the \
      spot, whose token is written to a file that `patchbay call` finds by itself. `identity: {development: true}` in a \
      file does the same for any agents, on loopback only.

      SIGHUP, or a change of the configuration file or of a file that it names, puts the new configuration in force \
      while calls are up: tenants, agents, issuers, limits, revocations, the log's level. A conversation that is up keeps \
      its tenant and its agent. A file with a mistake is refused as a whole and reported. Addresses, queues and the log's \
      format need a restart. New TLS files are used for the next connections.

      SIGTERM drains: no new conversations, live calls run to their end (at most shutdown.drain); then callers are \
      transferred, those who hear a prompt with their next RPC (at most shutdown.grace after it), and it exits with 0. \
      A second SIGTERM ends it at once.

      With `listen: {processes: N}` it runs N processes on one port, starts each again that ends, and passes on what it is \
      told; a call whose RPCs come to several of them is one all the same.

      Every 5 s it calls its own gRPC port on a new connection. When three such calls in a row get no answer, it is not \
      ready any more, drains in the same way and exits with 1, for the supervisor to start it again.
      """)

  @OptionGroup var file: ConfigurationFile

  @Option(help: ArgumentHelp("Which of several processes this is: its supervisor says so.", visibility: .hidden))
  var process: Int?

  func run() async throws {
    ProcessLimits.forbidDumps()
    let signals = await RunningServer.operatorSignals()
    var loaded = try file.loadWhole()
    try file.checkCertificate(of: loaded.configuration)
    let place = try process.map { try ProcessPlace($0) }
    if let place {
      loaded.configuration = place.adapt(loaded.configuration)
    } else if loaded.configuration.listen.processes > 1, let path = file.path {
      // What is wrong with an agent is found before any process is started.
      _ = try file.agents(of: loaded.configuration, log: Logger(label: "patchbay") { _ in SwiftLogNoOpLogHandler() })
      let code = await Supervisor.serve(loaded, of: path, arguments: CommandLine.arguments, until: signals)
      throw ExitCode(code)
    }
    let isWell = try await RunningServer.serve(loaded, of: file.path, as: place, until: signals) { log in
      try file.agents(of: loaded.configuration, log: log)
    }
    if !isWell { throw ExitCode.failure }
  }
}
