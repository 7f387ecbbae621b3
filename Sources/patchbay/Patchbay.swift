import ArgumentParser

/// The command: wiring only.
struct Patchbay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patchbay",
    abstract: "A virtual agent and media server for Webex Contact Center.",
    version: Version.text,
    subcommands: [ServeCommand.self, ConfigCommand.self, SpeechCommand.self])
}

/// Where the process begins: on the main thread, before there is any other.
@main
enum EntryPoint {
  static func main() async {
    if CommandLine.arguments.dropFirst().first == "serve" { TerminationSignals.block() }
    await Patchbay.main()
  }
}
