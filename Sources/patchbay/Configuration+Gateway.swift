import AudioCodecs
import BotEngine
import BotEngines
import CallGateway
import GRPCTransport
import GatewayConfiguration
import SpeechDetection
import TokenVerification
import WebexProtocol

// What the configuration says, in the terms of the parts that do it.

extension Configuration {
  /// What tokens must say.
  func claimPolicy() throws -> ClaimPolicy {
    ClaimPolicy(
      issuers: identity.issuers.map(\.issuer), tenants: try identity.tenants.map { try $0.tenant() },
      clockSkew: identity.clockSkew.components.seconds)
  }

  /// The agents with their engines; a script with mistakes is a mistake of the configuration.
  func agentDirectory() throws -> AgentDirectory {
    AgentDirectory(try agents.map { try $0.agent(idle: limits.idle) })
  }

  /// Bounds on what the gateway takes on.
  var gatewayLimits: GatewayLimits {
    GatewayLimits(conversations: limits.conversations, conversationsPerTenant: limits.conversationsPerTenant)
  }
}

extension Configuration.Tenant {
  func tenant() throws -> Tenant {
    try Tenant(
      organization: organization, name: name, url: url, audience: audience, subject: subject,
      nonces: nonces.isEmpty ? nil : nonces, schemas: Set(schemas.map { SchemaID(rawValue: $0) }))
  }
}

extension Configuration.Agent {
  func agent(idle: Duration) throws -> Agent {
    let speech = EndpointingSettings(
      minimumSpeech: speech.minimumSpeech.wholeMilliseconds, endSilence: speech.endSilence.wholeMilliseconds,
      preroll: speech.preroll.wholeMilliseconds, maximumUtterance: speech.maximumUtterance.wholeMilliseconds)
    return Agent(
      id: id, name: name, isDefault: isDefault, organizations: tenants.isEmpty ? nil : Set(tenants),
      engine: try engine.make(),
      conversation: .init(
        mode: responses == .wav ? .wav : .chunk, turn: .standard(speech: speech), idleTimeout: idle),
      speech: speech, minimumBargeIn: self.speech.minimumBargeIn.wholeMilliseconds,
      defaultFormat: AudioFormat(
        encoding: AudioEncoding(rawValue: audio.defaultEncoding.rawValue) ?? .mulaw, sampleRate: audio.defaultRate),
      isRecorded: isRecorded)
  }
}

extension TurnSettings {
  /// How the platform listens unless a bot says otherwise: voice and keys, `#` ends an entry, and the timers that our
  /// own detector keeps, so that the two agree.
  fileprivate static func standard(speech: EndpointingSettings) -> TurnSettings {
    TurnSettings(
      mode: .voiceAndDTMF,
      handling: InputHandling(
        dtmf: .init(interDigitTimeout: 3000, terminator: .pound),
        speechTimers: .init(
          maximumSpeech: Int32(clamping: speech.maximumUtterance), complete: Int32(clamping: speech.endSilence),
          noInput: 10_000)))
  }
}

extension Duration {
  /// Whole milliseconds, saturating.
  var wholeMilliseconds: Int { Int(clamping: Int64(self / .milliseconds(1))) }
}

extension Configuration {
  /// Where and how calls are taken.
  var serverConfiguration: GRPCServer.Configuration {
    let security: GRPCServer.Configuration.Security =
      listen.tls.map { .tls(TLSFiles(certificate: $0.certificate, key: $0.key, clientCA: $0.clientCA)) } ?? .plaintext
    return .init(listeners: [.init(address: "\(listen.address)", security: security)], maximumSendQueue: 4 << 20)
  }
}

extension Configuration.Agent.Engine {
  /// The bot. A script with mistakes is a mistake of the configuration.
  fileprivate func make() throws -> any BotEngine {
    switch self {
    case .demo: try BotEngineFactory.makeEngine(kind: kind)
    case .scripted(let script): try BotEngineFactory.makeEngine(kind: kind, script: script)
    }
  }
}
