import ArgumentParser
import PatchbayServer

/// The command: wiring only.
struct Patchbay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patchbay",
    abstract: "A virtual agent and media server for Webex Contact Center.",
    version: Version.text,
    subcommands: [
      ServeCommand.self, ReadyCommand.self, CallCommand.self, ReplayCommand.self, TokenCommand.self, ConfigCommand.self,
      DataSourceCommand.self, RecordingCommand.self, SpeechCommand.self, BotCommands.self,
      ConformanceCommand.self, ClusterCommand.self,
    ])
}
