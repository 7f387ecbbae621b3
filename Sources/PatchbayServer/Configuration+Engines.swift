import AudioCodecs
import BotEngine
import BotEngines
import CallGateway
import Foundation
import GatewayConfiguration
import Logging
import WebexProtocol

// What the configuration says of bots, in the terms of the engines. Secrets are read here.

extension Configuration.Agent {
  /// The bot. A script with mistakes, and a secret that cannot be had, are mistakes of the configuration.
  func makeEngine(log: Logger) throws -> any BotEngine {
    var log = log
    log[metadataKey: "agent"] = "\(id)"
    if case .own(let bot) = engine { return try OwnEngine.engine(bot, agent: id) }
    return try BotEngineFactory.makeEngine(try specification(), in: EngineSurroundings(agent: id, log: log))
  }

  private func specification() throws -> EngineSpecification {
    switch engine {
    case .demo: .demo
    case .own(let bot): throw EngineError(.notBuiltIn, "The engine \(bot.kind) makes itself.")
    case .scripted(let script): .scripted(script: script)
    case .grpc(let bot):
      .grpc(
        GRPCBotSettings(
          endpoint: try bot.endpoint.resolved(), hears: bot.hears.delivery,
          encoding: bot.audio == .mulaw ? .mulaw : .linear16))
    case .mediaStreams(let bot):
      .mediaStreams(
        MediaStreamsSettings(
          endpoint: try bot.endpoint.resolved(), account: bot.account,
          token: try bot.token?.headerValue(ProcessInfo.processInfo.environment),
          parameters: bot.parameters.map { ($0.name, $0.value) }, turnSilence: bot.turnSilence))
    case .realtime(let bot):
      .realtime(
        RealtimeSettings(
          endpoint: try bot.endpoint.resolved(), model: bot.model, voice: bot.voice, instructions: bot.instructions,
          greeting: bot.greeting, format: .init(rawValue: bot.format.rawValue) ?? .pcmu,
          tools: bot.tools.compactMap { .init(rawValue: $0.rawValue) },
          session: try bot.sessionFile.map(Self.text(of:)),
          callData: .init(rawValue: bot.callData.rawValue) ?? .item))
    case .byova(let bot):
      .byova(
        ForwardingSettings(
          endpoint: try bot.endpoint.resolved(), agent: bot.agent,
          endOfInput: bot.endOfInput == .upstream ? .upstream : .patchbay,
          completeTimeout: .init(rawValue: bot.completeTimeout.rawValue) ?? .shorter,
          endSilence: Int(speech.endSilence / .milliseconds(1)), forwardsToken: bot.forwardsToken))
    }
  }
}

extension Configuration.Agent {
  /// The largest file that an engine reads: certificates, session options.
  private static let largestFile = 1 << 20

  fileprivate static func text(of path: String) throws -> String {
    guard let file = FileHandle(forReadingAtPath: path), let bytes = try file.read(upToCount: largestFile + 1),
      bytes.count <= largestFile, let text = String(data: bytes, encoding: .utf8)
    else { throw EngineError(.unusable, "\(path) is not a readable text file of at most 1 MiB.") }
    return text
  }
}

extension Configuration.Agent.Hears {
  fileprivate var delivery: CallerAudioDelivery {
    switch self {
    case .none: .none
    case .turns: .turns
    case .everything: .everything
    }
  }
}

extension Configuration.Agent.Endpoint {
  /// With every secret and certificate read.
  func resolved() throws -> BotEndpoint {
    let environment = ProcessInfo.processInfo.environment
    var headers = try headers.map { header -> (name: String, value: String) in
      switch header.value {
      case .text(let text): (header.name, text)
      case .secret(let secret): (header.name, try secret.headerValue(environment))
      }
    }
    if let authorization {
      headers.append(("authorization", "Bearer " + (try authorization.headerValue(environment))))
    }
    return BotEndpoint(
      url: url, host: host, port: port, isSecure: isSecure,
      tls: BotTLS(
        rootsPEM: try tls.ca.map(Configuration.Agent.text(of:)),
        certificatePEM: try tls.certificate.map(Configuration.Agent.text(of:)),
        keyPEM: try tls.key.map(Configuration.Agent.text(of:)), serverName: tls.serverName),
      headers: headers, connectTimeout: timeouts.connect)
  }
}

extension Secret {
  /// The secret, which goes into a header and so has to be printable ASCII.
  fileprivate func headerValue(_ environment: [String: String]) throws -> String {
    let text: String
    do { text = try read(environment: environment) } catch { throw EngineError(.unusable, "\(error)") }
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw EngineError(.unusable, "A secret for a bot has line breaks or characters that no header can carry.")
    }
    return text
  }
}

extension Configuration.Agent.Fallback {
  /// The longest prompt, in bytes of mu-law: a minute.
  private static let longestPrompt = 480_000

  /// With the prompt's audio read; nobody is left without a word.
  func settings() throws -> ConversationStateMachine.Fallback {
    let prompt: ConversationStateMachine.Fallback.Prompt
    if let file = self.prompt {
      prompt = .audio(try Self.mulaw(of: file))
    } else {
      prompt = try text.map { .text($0) } ?? .audio(FallbackVoice.sentence(endsCall: then == .end))
    }
    return .init(prompt: prompt, endsCall: then == .end)
  }

  private static func mulaw(of path: String) throws -> [UInt8] {
    let audio = try PromptFile.mulaw(path)
    guard !audio.isEmpty, audio.count <= longestPrompt else {
      throw EngineError(.unusable, "The fallback's prompt \(path) has to be between nothing and a minute long.")
    }
    return audio
  }
}

extension Configuration.Agent.Endpoint.Breaker {
  var settings: CircuitBreaker.Settings { .init(failures: failures, window: window, probe: probe) }
}

extension Configuration.Agent {
  /// Output that may wait in a conversation, in bytes of mu-law (8,000 a second), and from where on the bot is asked to
  /// pause.
  var outputBounds: (maximum: Int, full: Int) {
    // Nothing of a WAV answer leaves before it is whole: 250 seconds.
    if responses == .wav { return (2_000_000, 1_500_000) }
    switch engine {
    // The prompts are the operator's own files, or a bot's that is part of the program.
    case .demo, .scripted, .own: return (2_000_000, 1_500_000)
    // 24 seconds, and a message that was on its way: what is beyond waits with the bot, whose own side feels it.
    case .grpc: return (262_144, 196_608)
    // The same, but an answer may come whole in one message.
    case .byova: return (4_500_000, 196_608)
    // Words, and what is to be done with them, come over one socket: ten minutes are read ahead, so that a `clear`
    // does not wait behind them, and a message that was on its way.
    case .mediaStreams, .realtime: return (8_000_000, 4_800_000)
    }
  }
}
