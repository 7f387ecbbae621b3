import ArgumentParser

/// The command: wiring only.
@main
struct Patchbay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patchbay",
    abstract: "A virtual agent and media server for Webex Contact Center.",
    subcommands: [
      CallCommand.self, ReplayCommand.self, TokenCommand.self, SpeechCommand.self, ConfigCommand.self,
    ])
}
