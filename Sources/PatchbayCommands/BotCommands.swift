import ArgumentParser
import AudioCodecs
import Basics
import BotTestKit
import CallGateway
import Foundation
import GatewayConfiguration
import Logging
import WebexProtocol
import YAMLReading

/// `patchbay bot`: what the authors of bots need.
struct BotCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bot", abstract: "Plays standard conversations at a bot and tells what it does wrong.",
    subcommands: [BotTestCommand.self])
}

/// `patchbay bot test`.
struct BotTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Plays standard conversations at a bot and tells what it does wrong.",
    discussion: """
      The bot is put behind a server on loopback and called as Webex calls, in real time: with words, keys, silences, \
      interruptions and hang-ups, each check in a call of its own.

      A CUE is what a caller does to bring the bot to something: keys (12#), a WAV file to speak (agent.wav), or an \
      event of the flow (event:NAME); several with commas between them are turns one after the other. Checks whose cue \
      is not given are reported as not applicable.

        patchbay bot test --engine '{kind: demo}' --transfer 0 --end 9

      Exits with 1 if a check fails, or if none could be made.
      """)

  @Option(help: ArgumentHelp("The bot, as in `engine:` of a configuration.", valueName: "yaml"))
  var engine: String?

  @Option(help: ArgumentHelp("The bot of an agent in this configuration.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The agent; default: the configuration's default one.", valueName: "id"))
  var agent = ""

  @Option(help: ArgumentHelp("How answers go out, with --engine: chunk or wav.", valueName: "mode"))
  var responses = ResponsesOption.chunk

  @Option(help: ArgumentHelp("What the caller says, as a WAV file. Default: a sentence.", valueName: "file.wav"))
  var say: String?

  @Option(help: ArgumentHelp("What the caller keys where any keys will do.", valueName: "keys"))
  var digits = "12"

  @Option(help: ArgumentHelp("Brings the bot to speak for 4 s or longer. Default: its greeting.", valueName: "cue"))
  var longAnswer: String?

  @Option(help: ArgumentHelp("Brings the bot to ask for something sensitive.", valueName: "cue"))
  var sensitive: String?

  @Option(help: ArgumentHelp("Brings the bot to transfer the caller.", valueName: "cue"))
  var transfer: String?

  @Option(help: ArgumentHelp("Brings the bot to end the call.", valueName: "cue"))
  var end: String?

  @Option(help: ArgumentHelp("Brings the bot to fail or to close its side.", valueName: "cue"))
  var closes: String?

  @Option(help: ArgumentHelp("The organization that calls.", valueName: "uuid"))
  var org: String?

  @Option(help: ArgumentHelp("Only this check; may be repeated.", valueName: "name"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Calls at a time, 1 to 16.", valueName: "count"))
  var calls = 4

  @Flag(help: "Print one JSON object when all is done, and nothing else.")
  var json = false

  func validate() throws {
    try require((engine == nil) != (config == nil), "Name the bot: --engine YAML, or --config FILE with --agent ID.")
    if engine != nil, !agent.isEmpty { throw ValidationError("--agent goes with --config.") }
    try require((1...16).contains(calls), "--calls is 1 to 16, not \(calls).")
    for name in only where !BotTest.checks.contains(name) {
      throw ValidationError(
        "There is no check '\(name)'; write one of: \(BotTest.checks.joined(separator: ", ")).")
    }
  }

  func run() async throws {
    let plan = try plan()
    let (agent, wire) = try tested()
    let test = BotTest(agent: agent, plan: plan, wire: wire)
    let isQuiet = json || isatty(STDOUT_FILENO) == 0
    let report = try await test.run { finding in
      if !isQuiet { print("… \(finding.check): \(finding.verdict.rawValue)") }
    }
    print(json ? try report.jsonLine : report.text)
    if !report.hasPassed { throw ExitCode.failure }
    guard report.count(.passed) == 0 else { return }
    StandardError.write("No check could be made of this bot with these options: see what each needs under `to check`.")
    throw ExitCode.failure
  }

  /// The agent that the options name, with its engine, and the words of its wire.
  private func tested() throws -> (agent: Agent, wire: BotWire) {
    var file = ConfigurationFile()
    file.path = config
    let configuration: Configuration
    if let engine {
      configuration = try ConfigurationFile.report { () throws(ConfigurationError) in
        try EngineArgument.configuration(of: engine, responses: responses.rawValue)
      }
    } else {
      configuration = try file.load()
    }
    // What the engine has to say (a connection refused, a certificate not trusted) is what its author wants to know.
    var log = Logger(label: "bot", factory: { StreamLogHandler.standardError(label: $0) })
    log.logLevel = .warning
    let directory = try file.agents(of: configuration, log: log)
    // Agents may be reserved for organizations: ask as one that may use the agent.
    let organizations = configuration.agents.first { $0.id == agent || (agent.isEmpty && $0.isDefault) }?.tenants ?? []
    guard let found = directory.agent(agent, for: org?.lowercased() ?? organizations.first ?? "") else {
      throw CommandError("There is no agent '\(agent)' in \(file.name).")
    }
    return (found, configuration.agents.first { $0.id == found.id }?.engine.wire ?? .swift)
  }

  private func plan() throws -> BotTestPlan {
    var plan = BotTestPlan()
    guard let keys = BotTestCue(keys: digits), case .keys(let list)? = keys.steps.first else {
      throw CommandError("--digits takes the keys 0-9, A-D, * and #, not '\(digits)'.")
    }
    plan.keys = list
    plan.words = try say.map(Self.wav)
    plan.longAnswer = try longAnswer.map(Self.cue)
    plan.sensitive = try sensitive.map(Self.cue)
    plan.transfer = try transfer.map(Self.cue)
    plan.end = try end.map(Self.cue)
    plan.closes = try closes.map(Self.cue)
    if let org { plan.organization = org.lowercased() }
    plan.callsAtOnce = calls
    plan.only = only.isEmpty ? nil : Set(only)
    return plan
  }

  static func cue(_ text: String) throws -> BotTestCue {
    let steps = try text.split(separator: ",").map { part -> BotTestCue.Step in
      let part = String(part)
      if let keys = BotTestCue(keys: part), let step = keys.steps.first { return step }
      if part.hasPrefix("event:") { return .event(String(part.dropFirst(6))) }
      return .speech(name: (part as NSString).lastPathComponent, try wav(part))
    }
    guard !steps.isEmpty else { throw CommandError("A cue is keys, a WAV file, or event:NAME.") }
    return BotTestCue(steps)
  }

  private static func wav(_ path: String) throws -> WAVFile {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try BoundedFile.read(path, maximum: WAVFile.maximumBytes, allowsPipes: true) } catch
    {
      throw CommandError("\(error), and is not keys either.")
    }
    do { return try WAVFile(parsing: bytes) } catch { throw CommandError("\(path): \(error)") }
  }
}

/// `responses`, as an option.
enum ResponsesOption: String, ExpressibleByArgument, CaseIterable {
  case wav, chunk
}
