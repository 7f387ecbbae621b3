import Basics
public import BotEngines
import Secrets
import YAMLReading
import Yams

extension Configuration.Agent {
  /// `engine`: the bot and what it needs.
  public typealias Engine = EngineSpecification
}

extension EngineSpecification {
  /// The names for `kind`.
  public static var kinds: [String] { builtInKinds + Configuration.ownEngineKinds }

  static let builtInKinds = ["demo", "scripted", "grpc", "media-streams", "realtime", "byova"]

  /// The name for `kind`.
  public var kind: String {
    switch self {
    case .demo: "demo"
    case .scripted: "scripted"
    case .grpc: "grpc"
    case .mediaStreams: "media-streams"
    case .realtime: "realtime"
    case .byova: "byova"
    case .own(let kind, _): kind
    }
  }

  /// Where the bot is, for those that are elsewhere.
  public var endpoint: BotEndpoint? { (group as? any RemoteBot)?.endpoint }

  /// Its keys but `kind`.
  private var group: (any KeyGroup)? {
    switch self {
    case .demo, .own: nil
    case .scripted(let script): ScriptedKeys(script: script)
    case .grpc(let bot): bot
    case .mediaStreams(let bot): bot
    case .realtime(let bot): bot
    case .byova(let bot): bot
    }
  }

  fileprivate static func read(_ section: Section) -> Self {
    let write = "one of: \(kinds.joined(separator: ", "))"
    guard let kind = section.requiredText("kind", maximum: 64, write: write) else { return .demo }
    switch kind {
    case "demo": return NoKeys.read(section).engine
    case "scripted": return .scripted(script: ScriptedKeys.read(section).script)
    case "grpc": return .grpc(.read(section))
    case "media-streams": return .mediaStreams(.read(section))
    case "realtime": return .realtime(.read(section))
    case "byova": return .byova(.read(section))
    default:
      if let own = Configuration.readOwnEngine(kind, section) { return own }
      section.report(section.place(of: "kind"), "there is no engine", kind, write: write, among: kinds)
      return .demo
    }
  }

  fileprivate func nodes(_ printer: Printer) -> [(String, Node)] {
    // What is written in the configuration may be secrets.
    if case .own(_, let settings) = self { return settings.keys.sorted().map { ($0, .masked) } }
    return group?.nodes(printer) ?? []
  }

  /// The keys of each kind; those that all remote ones have, once.
  fileprivate static func rows(_ place: Reference.Place) -> [Reference.Row] {
    let engines: [Self] = [
      .scripted(script: ""), .grpc(.init()), .mediaStreams(.init()), .realtime(.init()), .byova(.init()),
    ]
    let rows = engines.map { engine in
      engine.group.map { type(of: $0).rows(place.titled("`agents[].engine` of the kind `\(engine.kind)`")) } ?? []
    }
    func isShared(_ row: Reference.Row) -> Bool {
      rows.dropFirst().allSatisfy { $0.contains { $0.name == row.name && $0.help == row.help } }
    }
    let shared = BotEndpoint.rows(place.titled("`agents[].engine` of each remote kind")).filter(isShared)
    return [place.row("kind", "one of: \(builtInKinds.joined(separator: ", "))", "required", "The kind of engine.")]
      + rows.flatMap { $0.filter { !isShared($0) } } + shared
  }
}

/// An engine that is elsewhere.
protocol RemoteBot: KeyGroup {
  var endpoint: BotEndpoint { get set }
  init(endpoint: BotEndpoint)
}

extension RemoteBot {
  init() { self.init(endpoint: BotEndpoint()) }
}

extension Form where Value == EngineSpecification {
  static var engine: Self {
    Form(
      type: "a group",
      read: { section, key, _, _ in
        section.section(key, write: "`engine: {kind: demo}`").map(EngineSpecification.read)
      },
      print: { engine, printer in [("", .keys([("kind", .plain(engine.kind))] + engine.nodes(printer)))] },
      inner: EngineSpecification.rows, mark: ".")
  }
}

private struct NoKeys: KeyGroup {
  static var keys: [Key<Self>] {}
  var engine: EngineSpecification { .demo }
}

private struct ScriptedKeys: KeyGroup {
  var script = ""

  static var keys: [Key<Self>] {
    Key("script", \.script, .file, "The path of the dialogue's YAML file.", required: .example("dialogue.yaml"))
  }
}

extension GRPCBotSettings: RemoteBot {
  static var keys: [Key<Self>] {
    BotEndpoint.keys(\.endpoint, over: .grpc) {
      Key("hears", \.hears, .choice, "The caller's audio that the bot gets: none, the turns, or all, silence too.")
      Key("audio", \.encoding, .choice, "16-bit linear samples at the caller's rate, or G.711 mu-law at 8,000 Hz.")
      Key(
        "resumes", \.resumes, .flag,
        "The bot goes on with a call by its id on a new stream (`hello.call.resumed`): "
          + "a server of a cluster that ends hands the call over.")
    }
  }

  mutating func check(_ section: Section) { endpoint.check(section, over: .grpc) }
}

extension MediaStreamsSettings: RemoteBot {
  static var keys: [Key<Self>] {
    BotEndpoint.keys(\.endpoint, over: .webSocket) {
      Key("account", \.account, .text(64), "The bot's `accountSid`.")
      Key("parameters", \.parameters, Parameter.list(64), "The `customParameters` of the start message.")
      Key(
        "turn_silence", \.turnSilence, .duration(100.ms...10.s), "Silence that ends the turn of a bot that has spoken.")
      Key("auth_token", \.token, .secret, "The bot's Twilio auth token, with which it ends calls.")
    }
  }

  mutating func check(_ section: Section) {
    endpoint.check(section, over: .webSocket)
    section.reportRepeated("parameters", by: "name", parameters.map(\.name)) { name, _ in
      ("the parameter `\(name.quotedForMessage)` is given twice", "keep one of the two")
    }
  }
}

extension MediaStreamsSettings.Parameter: KeyGroup {
  static var keys: [Key<Self>] {
    Key("name", \.name, .text(128), "A parameter's name.", required: .yes)
    Key("value", \.value, .text(1_024, isMasked: true), "Its value; not printed.", required: .yes)
  }
}

extension RealtimeSettings: RemoteBot {
  private static let maximumInstructions = 65_536

  static var keys: [Key<Self>] {
    BotEndpoint.keys(\.endpoint, over: .webSocket, authorization: "api_key") {
      Key("model", \.model, .text(128), "The model's name; added to the URL's query if that names none.")
      Key("voice", \.voice, .text(64), "The voice's name.", standard: "the service's own")
      Key("instructions", \.instructions, .text(16_384), "The bot's instructions, or instructions_file.")
      Key(instead: "instructions_file", .file, "The path of a text file of at most 64 KiB; instead of `instructions`.")
      { bot, file, section in
        if bot.instructions != nil { section.reportBoth("instructions", "instructions_file") }
        bot.instructions = text(of: file, section) ?? bot.instructions
      }
      Key(
        "greeting", \.greeting, .text(4_096), "The instructions for the bot's first words.",
        standard: "left to the instructions")
      Key("format", \.format, .choice, "The audio both ways: G.711 at 8,000 Hz, or linear samples at 24,000 Hz.")
      Key(
        "tools", \.tools,
        .choices("there is no tool", print: { .list($0.map { .plain($0.rawValue) }) }, printsEmpty: true),
        "The functions that are offered to the bot.")
      Key(
        "session_file", \.sessionFile, .file,
        "The path of a JSON file; its members replace those of the requested session.")
      Key("call_data", \.callData, .choice, "The place for the flow's data: an item, the instructions, or none.")
    }
  }

  mutating func check(_ section: Section) {
    endpoint.check(section, over: .webSocket, authorization: "api_key")
  }

  private static func text(of file: String, _ section: Section) -> String? {
    do throws(FileError) { return try BoundedFile.text(file, maximum: maximumInstructions) } catch {
      section.report(
        "instructions_file", "\(file.quotedForMessage) \(error.problem)",
        "give a text file of at most \(maximumInstructions) bytes")
      return nil
    }
  }
}

extension ForwardingSettings: RemoteBot {
  static var keys: [Key<Self>] {
    BotEndpoint.keys(\.endpoint, over: .grpc) {
      Key("agent", \.agent, .text(128), "The virtual agent's id on the other server.", standard: "that server's own")
      Key(
        "end_of_input", \.endOfInput, .choice,
        "The server that ends the caller's turn; `upstream` gets all of the audio.")
      Key(
        "complete_timeout", \.completeTimeout, .choice,
        "When its `complete_timeout_msec` counts; `shorter` than `speech.end_silence`.")
      Key("forward_token", \.forwardsToken, .flag, "Whether the other server gets the caller's own token.")
    }
  }

  mutating func check(_ section: Section) {
    endpoint.check(section, over: .grpc)
    guard forwardsToken else { return }
    let place = section.place(of: "forward_token")
    if !endpoint.isSecure, !NetworkAddress.isLoopback(endpoint.host) {
      section.report(
        place, "the callers' tokens would cross the network in plaintext to \(endpoint.host)",
        "write https://…; `plaintext: true` is not enough for tokens")
    }
    if endpoint.authorization != nil || endpoint.headers.contains(where: { $0.name == "authorization" }) {
      section.report(
        place, "`\(section.name("forward_token"))` and an authorization of our own are both given",
        "keep one of the two")
    }
  }
}
