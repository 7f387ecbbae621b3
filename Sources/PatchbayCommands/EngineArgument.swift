import BotEngines
import BotTestKit
import GatewayConfiguration
import YAMLReading

/// `--engine YAML`: an engine as in a configuration, on the command line.
enum EngineArgument {
  /// What comes before the argument, in a line of its own.
  private static let prefix = "    engine: "
  private static let key = "agents[0].engine"

  /// A configuration of one agent with this engine. What is wrong is told as a place of the argument.
  static func configuration(of engine: String, responses: String) throws(ConfigurationError) -> Configuration {
    let text = """
      listen: {address: 127.0.0.1:0, plaintext: true}
      identity: {development: true}
      agents:
        - id: bot
          responses: \(responses)
      \(prefix)\(engine.replacing("\n", with: " "))

      """
    do { return try Configuration.parse(text, file: "--engine").configuration } catch {
      throw ConfigurationError(error.problems.map { pointing($0, into: engine) })
    }
  }

  private static func pointing(_ problem: ConfigurationProblem, into engine: String) -> ConfigurationProblem {
    var problem = problem
    if case .file(let name, let line, let column) = problem.place {
      // Beyond the argument's line is its end: something was not closed.
      let within = line > 6 ? engine.count + 1 : max(1, column - prefix.count)
      problem.place = .file(name, line: 1, column: within)
    }
    problem.message = problem.message.replacing("`\(key).", with: "`").replacing("`\(key)`", with: "the engine")
    problem.remedy = problem.remedy?.replacing("`\(key).", with: "`").replacing("`\(key)`", with: "the engine")
    return problem
  }
}

extension EngineSpecification {
  /// How the author of such a bot names things.
  var wire: BotWire {
    switch self {
    case .grpc: .grpc
    case .mediaStreams: .mediaStreams
    case .realtime: .realtime
    case .byova: .byova
    case .scripted: .script
    case .demo, .own: .swift
    }
  }
}
