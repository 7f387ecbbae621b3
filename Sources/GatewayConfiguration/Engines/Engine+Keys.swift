import YAMLReading

extension Configuration.Agent.Engine {
  init(_ section: Section, egress: Configuration.Egress) {
    self = .demo
    let write = "one of: \(Self.kinds.joined(separator: ", "))"
    guard let kind = section.requiredText("kind", maximum: 64, write: write) else { return }
    switch kind {
    case "demo": break
    case "scripted":
      section.require("script", write: "dialogue.yaml")
      self = .scripted(script: section.file("script", write: "the path of the dialogue's YAML file") ?? "")
    case "grpc": self = .grpc(.init(section, egress: egress))
    case "media-streams": self = .mediaStreams(.init(section, egress: egress))
    case "realtime": self = .realtime(.init(section, egress: egress))
    case "byova": self = .byova(.init(section, egress: egress))
    default:
      if let own = Configuration.ownEngineKind(kind) {
        self = .own(.init(section, kind: own))
        break
      }
      let nearest = section.reading.suggestion(for: kind, among: Self.kinds)
      section.reading.report(
        section.place(of: "kind"), "there is no engine `\(kind.quotedForMessage)`",
        "\(nearest.map { "did you mean \($0)? " } ?? "")write \(write)")
      return
    }
    section.finish()
  }
}

extension Configuration.Agent.GRPCBot {
  init(_ section: Section, egress: Configuration.Egress) {
    endpoint = .init(section, over: .grpc, egress: egress)
    hears = section.choice("hears", default: .turns)
    audio = section.choice("audio", default: .linear16)
  }
}

extension Configuration.Agent.MediaStreamsBot {
  static let defaultAccount = "AC" + String(repeating: "0", count: 32)

  init(_ section: Section, egress: Configuration.Egress) {
    endpoint = .init(section, over: .webSocket, egress: egress)
    account = section.text("account", maximum: 64, write: "what the bot is told as accountSid") ?? Self.defaultAccount
    token = section.secret("auth_token")
    parameters = []
    for entry in section.sections("parameters", maximum: 64) ?? [] {
      let name = entry.requiredText("name", maximum: 128, write: "a parameter's name")
      let value = entry.requiredText("value", maximum: 1_024, write: "its value")
      entry.finish()
      guard let name, let value else { continue }
      if parameters.contains(where: { $0.name == name }) {
        section.reading.report(
          entry.place(of: "name"), "the parameter `\(name.quotedForMessage)` is given twice", "keep one of the two")
      }
      parameters.append(.init(name: name, value: value))
    }
    turnSilence = section.duration(
      "turn_silence", in: .milliseconds(100)...(.seconds(10)), default: .milliseconds(700))
  }
}

extension Configuration.Agent.RealtimeBot {
  static let maximumInstructions = 65_536

  init(_ section: Section, egress: Configuration.Egress) {
    endpoint = .init(section, over: .webSocket, authorization: "api_key", egress: egress)
    model = section.text("model", maximum: 128, write: "the model's name")
    voice = section.text("voice", maximum: 64, write: "the voice's name")
    instructions = section.text("instructions", maximum: 16_384, write: "what the bot is told, or instructions_file")
    if let file = section.file("instructions_file", write: "the path of a text file") {
      if instructions != nil {
        section.reading.report(
          section.place(of: "instructions_file"),
          "`\(section.name("instructions"))` and `\(section.name("instructions_file"))` are both given",
          "keep one of the two")
      }
      if let text = BoundedFile.read(file, limit: Self.maximumInstructions).bytes.flatMap({
        String(validating: $0, as: UTF8.self)
      }) {
        instructions = text
      } else {
        section.reading.report(
          section.place(of: "instructions_file"),
          "\(file.quotedForMessage) is not UTF-8 text of at most \(Self.maximumInstructions) bytes",
          "give a readable text file")
      }
    }
    greeting = section.text("greeting", maximum: 4_096, write: "what the bot shall say first")
    format = section.choice("format", default: .pcmu)
    tools = Self.tools(section)
    sessionFile = section.file("session_file", write: "the path of a JSON file")
    callData = section.choice("call_data", default: .item)
  }

  private static func tools(_ section: Section) -> [Tool] {
    let write = "any of: \(Tool.allCases.map(\.rawValue).joined(separator: ", "))"
    let texts = section.texts("tools", maximum: 16, write: write)
    if !section.isMentioned("tools"), texts.isEmpty { return Tool.allCases }
    return texts.compactMap { text, place in
      if let tool = Tool(rawValue: text) { return tool }
      let nearest = section.reading.suggestion(for: text, among: Tool.allCases.map(\.rawValue))
      section.reading.report(
        place, "there is no tool `\(text.quotedForMessage)`",
        "\(nearest.map { "did you mean \($0)? " } ?? "")write \(write)")
      return nil
    }
  }
}

extension Configuration.Agent.ForwardedBot {
  init(_ section: Section, egress: Configuration.Egress) {
    endpoint = .init(section, over: .grpc, egress: egress)
    agent = section.text("agent", maximum: 128, write: "the virtual agent's id on the other server")
    endOfInput = section.choice("end_of_input", default: .upstream)
    completeTimeout = section.choice("complete_timeout", default: .shorter)
    forwardsToken = section.flag("forward_token") ?? false
    if forwardsToken { checkForwarding(section) }
  }

  private func checkForwarding(_ section: Section) {
    let place = section.place(of: "forward_token")
    if !endpoint.isSecure, !NetworkAddress.isLoopback(endpoint.host) {
      section.reading.report(
        place, "the callers' tokens would cross the network in plaintext to \(endpoint.host)",
        "write https://…; `plaintext: true` is not enough for tokens")
    }
    if endpoint.authorization != nil || endpoint.headers.contains(where: { $0.name == "authorization" }) {
      section.reading.report(
        place, "`\(section.name("forward_token"))` and an authorization of our own are both given",
        "keep one of the two")
    }
  }
}

extension Configuration.Agent.Fallback {
  init(_ section: Section) {
    prompt = section.file("prompt", write: "the path of a WAV file")
    text = section.text("text", maximum: 1_024, write: "what the caller is told")
    then = section.choice("then", default: .transfer)
    if prompt != nil, text != nil {
      section.reading.report(
        section.place(of: "text"), "`\(section.name("prompt"))` and `\(section.name("text"))` are both given",
        "keep one of the two")
    }
    section.finish()
  }
}
