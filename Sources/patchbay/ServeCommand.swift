import AdminServer
import ArgumentParser
import CallGateway
import GRPCTransport
import GatewayConfiguration
import Logging
import Telemetry
import TokenVerification

/// `patchbay serve`: the server, from its configuration to its drained end.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the server.",
    discussion: """
      Without --config it runs the embedded demo: loopback only, a demo agent, and a development issuer made on the \
      spot, whose token is written to a file that `patchbay call` finds by itself.

      SIGTERM drains: no new conversations, live calls run to their end (at most shutdown.drain), then it exits with 0. \
      A second SIGTERM ends it at once.
      """)

  @Option(help: "The configuration file (YAML). Every key can also be set as PATCHBAY_… in the environment.")
  var config: String?

  func run() async throws {
    let signals = TerminationSignals()
    let configuration = try ConfigurationLoading.load(config)
    ProcessLimits.forbidDumps()
    _ = ProcessLimits.raiseOpenFiles()
    let server = try await RunningServer(configuration)
    await server.run(until: signals.requests)
  }
}
