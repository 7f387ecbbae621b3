import ArgumentParser
import BotEngines
import CallGateway
import Foundation
import GatewayConfiguration
import Logging
import PatchbayServer
import Secrets
import YAMLReading

/// `patchbay config`: what a configuration says, and what is wrong with it.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Checks a configuration, prints what is in effect, or every key that there is.",
    subcommands: [Check.self, Print.self, Reference.self])

  /// `patchbay config check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reports everything that is wrong, with file, line and what to write instead; exits 78 then.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      let configuration = try file.load()
      _ = try file.agents(of: configuration, log: Logger(label: "patchbay") { _ in SwiftLogNoOpLogHandler() })
      try file.checkCertificate(of: configuration)
      print("ok: \(file.name), \(configuration.summary)")
    }
  }

  /// `patchbay config print`.
  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the effective configuration, defaults and environment included, secrets masked.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      let configuration = try file.load()
      print("# The effective configuration of \(file.name)")
      print(configuration.yaml(relativeTo: FileManager.default.currentDirectoryPath), terminator: "")
    }
  }
}

extension ConfigCommand {
  /// `patchbay config reference`.
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints every key with its variable, values, default and meaning, as Markdown.")

    func run() { print(Configuration.reference, terminator: "") }
  }
}

/// `--config`, for every command that reads the configuration.
struct ConfigurationFile: ParsableArguments {
  @Option(name: .customLong("config"), help: "A configuration file (YAML). Without one: the embedded demo.")
  var path: String?

  /// For messages.
  var name: String { path ?? "the embedded demo" }

  /// The configuration with the environment laid over it. Warnings, and everything that is wrong, go to standard error;
  /// then the command exits with 78 (`EX_CONFIG`).
  func load() throws -> Configuration { try loadWhole().configuration }

  /// The same, with the files that it names.
  func loadWhole() throws -> Configuration.Loaded {
    try Self.report { () throws(ConfigurationError) in
      let loaded = try Configuration.load(file: path, environment: ProcessInfo.processInfo.environment)
      for warning in loaded.warnings { StandardError.write("warning: \(warning)") }
      return loaded
    }
  }

  /// Tells what is wrong with a configuration on standard error, and ends the command with 78 then.
  static func report<Read>(_ read: () throws(ConfigurationError) -> Read) throws -> Read {
    do { return try read() } catch {
      StandardError.write(error.description)
      throw ExitCode(ConfigurationError.exitStatus)
    }
  }

  /// The agents with their engines. A script's mistakes, and secrets that are missing or will not do, are the
  /// configuration's: they end the command in the same way.
  func agents(of configuration: Configuration, log: Logger) throws -> AgentDirectory {
    do {
      _ = try configuration.admin.readToken(environment: ProcessInfo.processInfo.environment)
      _ = try configuration.mediaSettings(recordings: nil, log: log)
      return try configuration.agentDirectory(log: log)
    } catch  where error is ConfigurationError || error is EngineError || error is Secret.ReadingError {
      StandardError.write("\(error)")
      throw ExitCode(ConfigurationError.exitStatus)
    }
  }
}

extension Configuration {
  /// What `config check` says of a good one.
  fileprivate var summary: String {
    func transport(_ tls: TLS?) -> String {
      tls.map { $0.clientCA == nil ? "TLS" : "TLS with client certificates" } ?? "plaintext"
    }
    return
      "\(agents.count) agent\(agents.count == 1 ? "" : "s"), \(identity.tenants.count) "
      + "tenant\(identity.tenants.count == 1 ? "" : "s"), listening on \(listen.address) (\(transport(listen.tls))), "
      + (webSocket.map { "websocket on \($0.address) (\(transport($0.tls))), " } ?? "")
      + (cluster.map { "cluster on \($0.address), " } ?? "") + "admin on \(admin.address)"
      + (admin.tls == nil ? "" : " (TLS)")
  }
}

enum StandardError {
  /// Writes a line to standard error.
  static func write(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
