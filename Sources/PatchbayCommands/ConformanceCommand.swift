import ArgumentParser
import BotTestKit
import Conformance
import Foundation
import ReplayKit
import TokenVerification
import WebexProtocol
import YAMLReading

/// `patchbay conformance`.
struct ConformanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Plays Webex at any server of voice virtual agents, and judges it rule by rule.",
    discussion: """
      The server need not be Patchbay. Conversations are held with it as Webex holds them, in real time and several at \
      once: greeting, speech, keys, silence, interruptions, hang-ups, cancelled and overlapping RPCs, odd audio, bad \
      tokens. Each rule has an id that stays the same; Docs/conformance.md has the page.

      A CUE is what a caller does to bring the bot to something: keys (12#) or an event of the flow (event:NAME); several \
      with commas between them are turns one after the other. Rules that need a cue, a key or a second token that is not \
      given are skipped, with the reason.

        patchbay conformance --target localhost:50051 --token token.txt --transfer 0 --end 9

      Over WebSocket (--target wss://…) whole calls and tokens are judged; what only gRPC has is skipped.

      --scenario adds conversations of your own: YAML files that say what the caller does and what is expected. \
      from-recording makes one of a recorded call.

      Exits with 1 if a rule is broken, or if none could be judged.
      """,
    subcommands: [ConformanceRecording.self])

  @OptionGroup var options: CallerOptions

  @Option(help: ArgumentHelp("What the caller keys where any keys will do.", valueName: "keys"))
  var digits = "12"

  @Option(help: ArgumentHelp("Brings the bot to transfer the caller.", valueName: "cue"))
  var transfer: String?

  @Option(help: ArgumentHelp("Brings the bot to end the call.", valueName: "cue"))
  var end: String?

  @Option(
    help: ArgumentHelp(
      "The private key, PEM, that signed the token: makes the expired tokens and those of others that are tried.",
      valueName: "file"))
  var key: String?

  @Option(help: ArgumentHelp("A file with a token of another organization.", valueName: "file"))
  var secondToken: String?

  @Option(
    help: ArgumentHelp(
      "A scenario of your own, or a folder of such, beside the cases; may be repeated.", valueName: "file or folder"))
  var scenario: [String] = []

  @Flag(help: "Play the scenarios of --scenario, and no other cases.")
  var scenariosOnly = false

  @Option(help: ArgumentHelp("Only this case; may be repeated. --list-cases names them.", valueName: "name"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Cases at a time, 1 to 32.", valueName: "count"))
  var calls = 8

  @Option(help: ArgumentHelp("Where to write a JUnit XML report.", valueName: "file"))
  var junit: String?

  @Option(help: ArgumentHelp("Where to write the report as one page of HTML.", valueName: "file"))
  var report: String?

  @Flag(help: "Print one JSON object when all is done, and nothing else.")
  var json = false

  @Flag(help: "Print the names of the cases, and end.")
  var listCases = false

  func validate() throws {
    try require((1...32).contains(calls), "--calls is 1 to 32, not \(calls).")
    try require(
      !digits.isEmpty && digits.allSatisfy({ DTMFKey($0) != nil }),
      "--digits takes the keys 0-9, A-D, * and #, not '\(digits)'.")
    // Scenarios are read when the command runs.
    for name in only where !Conformance.cases.contains(name) && scenario.isEmpty {
      throw ValidationError("There is no case '\(name)'; write one of: \(Conformance.cases.joined(separator: ", ")).")
    }
    try require(!scenariosOnly || !scenario.isEmpty, "--scenarios-only goes with --scenario FILE.")
    for cue in [transfer, end].compactMap(\.self) {
      guard let steps = try? BotTestCommand.cue(cue).steps, !steps.contains(where: \.isSpeech) else {
        throw ValidationError("A cue is keys or event:NAME, not '\(cue)'.")
      }
    }
  }

  func run() async throws {
    let scenarios = try ConfigurationFile.report { () throws(ConfigurationError) in
      try ConformanceScenario.read(scenario)
    }
    let names = (scenariosOnly ? [] : Conformance.cases) + scenarios.map(\.caseName)
    if listCases { return print(names.joined(separator: "\n")) }
    for name in only where !names.contains(name) {
      throw CommandError("There is no case '\(name)'; write one of: \(names.joined(separator: ", ")).")
    }
    let token = try options.token()
    var plan = ConformancePlan(
      route: try options.route(token: token.text), settings: options.settings(token: token.text))
    plan.keys = digits.compactMap { DTMFKey($0) }
    plan.transfer = try transfer.map(BotTestCommand.cue)
    plan.end = try end.map(BotTestCommand.cue)
    plan.only = Set(only)
    plan.callsAtOnce = calls
    plan.scenarios = scenarios
    plan.hasScenariosOnly = scenariosOnly
    if let key { plan.mint = try Self.mint(key: key, token: token.text) }
    if let secondToken { plan.second = try Self.second(secondToken) }
    let isWatched = !json && isatty(STDOUT_FILENO) == 1
    let loops = try CallerOptions.loops()
    let found: ConformanceReport
    do {
      found = try await Conformance(plan).run(on: loops) { name, failed in
        if isWatched { print("… \(name): \(failed == 0 ? "done" : "\(failed) broken")") }
      }
    } catch let error as UnreachableServerError {
      let failure = CallError(.status(code: 14, message: error.message), during: .sessionStart)
      throw CommandError(
        "Nothing was judged: \(options.target) cannot be reached. \(error.message.sentence) "
          + (options.advice(token.source).sentence(failure) ?? ""))
    } catch let mistakes as ConfigurationError {
      // A scenario's audio.
      throw try ConfigurationFile.report { () throws(ConfigurationError) -> ExitCode in throw mistakes }
    }
    await loops.shutdown()
    if let junit { try Self.write(found.junit, to: junit) }
    if let report { try Self.write(found.html, to: report) }
    print(json ? try found.jsonLine : found.text(isColoured: isatty(STDOUT_FILENO) == 1))
    if !found.hasPassed { throw ExitCode.failure }
  }

  /// Signs changed copies of a token.
  private static func mint(key: String, token: String) throws -> @Sendable (TokenChange) throws -> String {
    let issuer: DevelopmentIssuer
    do { issuer = try DevelopmentIssuer(keyFile: key) } catch { throw CommandError("\(key): \(error)") }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let header = try? Base64URL.decode(parts[0]), let payload = try? Base64URL.decode(parts[1]),
      (try? JSONSerialization.jsonObject(with: Data(payload))) is [String: Any]
    else { throw CommandError("The token cannot be read, so that no others can be made of it.") }
    return { change in
      var claims = try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any] ?? [:]
      switch change {
      case .expired:
        let now = Int(Date().timeIntervalSince1970)
        (claims["iat"], claims["exp"]) = (now - 7200, now - 3600)
      case .url: claims[TokenField.url.rawValue] = "https://another.example.com"
      case .schema: claims[TokenField.schema.rawValue] = SchemaID.audioForking.rawValue
      }
      let text = try JSONSerialization.data(withJSONObject: claims, options: [.sortedKeys, .withoutEscapingSlashes])
      return try issuer.sign(
        header: String(decoding: header, as: UTF8.self), payload: String(decoding: text, as: UTF8.self))
    }
  }

  private static func second(_ file: String) throws -> (token: String, organization: String) {
    guard let token = try DemoToken.read(file, allowsPipes: true) else {
      throw CommandError("There is no token file \(file).")
    }
    let claim = TokenInspection(token).lines.first { $0.name == TokenField.organization.rawValue }
    guard let organization = claim?.value, !organization.isEmpty else {
      throw CommandError("The token of \(file) names no organization.")
    }
    return (token, organization)
  }

  private static func write(_ text: String, to path: String) throws {
    do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw CommandError("\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}

extension BotTestCue.Step {
  fileprivate var isSpeech: Bool { if case .speech = self { true } else { false } }
}
