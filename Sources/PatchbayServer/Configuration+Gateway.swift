import AudioCodecs
import Basics
import BotEngines
package import CallGateway
package import Certificates
import Foundation
import GRPCTransport
package import GatewayConfiguration
import HTTPServing
package import Logging
import SpeechDetection
package import TokenVerification
import WebexProtocol
import YAMLReading

// What the configuration says, in the terms of the parts that do it.

extension Configuration {
  /// What tokens must say.
  func claimPolicy() throws -> ClaimPolicy {
    ClaimPolicy(
      issuers: identity.isDevelopment ? [DevelopmentIssuer.defaultIssuer] : identity.issuers.map(\.issuer),
      tenants: try acceptedTenants(),
      revoked: Set(identity.revoked), clockSkew: identity.clockSkew.components.seconds)
  }

  /// Who may call: the tenants that are listed, or one for trying out where the issuer is the server's own and none is.
  func acceptedTenants() throws -> [TokenVerification.Tenant] {
    guard identity.tenants.isEmpty, identity.isDevelopment else { return try identity.tenants.map { try $0.tenant() } }
    return try [Configuration.Tenant.demo.tenant()]
      + (webSocket == nil ? [] : [Configuration.Tenant.socketDemo.tenant()])
  }

  /// The same with what the file of revocations says, for those who look once.
  package func policyWithRevocations() throws -> ClaimPolicy {
    let policy = try claimPolicy()
    return ClaimPolicy(
      issuers: policy.issuers, tenants: policy.tenants,
      revoked: policy.revoked.union(try identity.revocationsOfFile()), clockSkew: policy.clockSkew)
  }

  /// The agents with their engines; a script with mistakes is a mistake of the configuration.
  ///
  /// - Parameter kept: agents that stay as they are, by their ids.
  package func agentDirectory(log: Logger, keeping kept: [String: CallGateway.Agent] = [:]) throws -> AgentDirectory {
    AgentDirectory(try agents.map { try kept[$0.id] ?? $0.agent(limits: limits, log: log) })
  }

  /// Bounds on what the gateway takes on.
  var gatewayLimits: GatewayLimits {
    let own = identity.tenants.compactMap { tenant in tenant.conversations.map { (tenant.organization, $0) } }
    return GatewayLimits(
      conversations: limits.conversations, conversationsPerTenant: limits.conversationsPerTenant,
      conversationsByOrganization: Dictionary(own, uniquingKeysWith: { first, _ in first }),
      lag: limits.lag, memory: limits.memory)
  }
}

extension Configuration.Identity {
  /// What the file of revocations says; nothing where none is named.
  func revocationsOfFile() throws(ConfigurationError) -> Set<ClaimPolicy.RevokedNonce> {
    guard let file = revocationsFile else { return [] }
    return try Configuration.Revocation.read(file: file)
  }

  /// The issuers with the places of their keys.
  package func trustedIssuers() throws(TrustedIssuer.SettingError) -> [TrustedIssuer] {
    try issuers.map { issuer throws(TrustedIssuer.SettingError) in
      try TrustedIssuer(issuer: issuer.issuer, keysURL: issuer.keysURL)
    }
  }
}

extension Configuration.Tenant {
  /// Who calls a server with an issuer of its own that lists no tenant.
  static let demo = Self(
    organization: "00000000-0000-4000-8000-000000000000", name: "Demo", url: "http://localhost:50051")

  /// The same organization's data source of the WebSocket port.
  static var socketDemo: Self {
    var tenant = Self(organization: demo.organization, name: demo.name, url: "wss://localhost")
    tenant.schemas = [SchemaID.voiceVirtualAgentSocket.rawValue]
    return tenant
  }

  func tenant() throws -> Tenant {
    try Tenant(
      organization: organization, name: name, url: url, audience: audience, subject: subject,
      nonces: nonces.isEmpty ? nil : nonces, schemas: Set(schemas.map { SchemaID(rawValue: $0) }))
  }
}

extension Configuration.Agent {
  func agent(limits: Configuration.Limits, log: Logger) throws -> Agent {
    let bot = try makeEngine(log: log)
    try checkTurns(of: bot)
    let speech = EndpointingSettings(
      minimumSpeech: speech.minimumSpeech.wholeMilliseconds, endSilence: speech.endSilence.wholeMilliseconds,
      preroll: speech.preroll.wholeMilliseconds, maximumUtterance: speech.maximumUtterance.wholeMilliseconds,
      eagerSilence: bot.eagerEnds.areTold(agent: isEager) ? speech.eagerSilence.wholeMilliseconds : nil,
      adaptive: speech.adaptive.map {
        AdaptiveSilence(minimum: $0.minimum.wholeMilliseconds, maximum: $0.maximum.wholeMilliseconds)
      })
    var conversation = ConversationStateMachine.Settings(
      mode: responses, turn: .standard(speech: speech),
      maximumQueuedBytes: outputBounds.maximum, fullBytes: outputBounds.full,
      answerTimeout: engine.endpoint?.answerTimeout ?? .seconds(5), idleTimeout: limits.idle,
      lostTimeout: limits.lostAfter,
      fallback: try fallback.settings(), filler: try filler?.settings(),
      pauseAhead: self.speech.bargeIn == .pause ? self.speech.pauseAhead : nil)
    conversation.botEndsTurn = self.speech.botEndsTurn
    var agent = Agent(
      id: id, name: name, isDefault: isDefault, organizations: tenants.isEmpty ? nil : Set(tenants),
      engine: bot, conversation: conversation,
      breaker: engine.endpoint.map { $0.breaker.settings } ?? .init(),
      speech: speech, minimumBargeIn: self.speech.minimumBargeIn.wholeMilliseconds,
      pauseLimit: self.speech.pauseLimit.wholeMilliseconds, subtractsEcho: self.speech.echo == .subtract,
      defaultFormat: defaultFormat, isRecorded: isRecorded)
    agent.judge = try self.speech.adaptive?.judge.map(Self.judge)
    return agent
  }

  private static func judge(_ path: String) throws -> TurnJudge {
    do { return try TurnJudge(bytes: try BoundedFile.read(path, maximum: TurnJudge.maximumBytes)) } catch {
      throw EngineError(.unusable, "The judge \(path) cannot be used: \(error).", cause: error)
    }
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
          maximumSpeech: Int32(clamping: speech.maximumUtterance),
          complete: Int32(clamping: speech.adaptive?.maximum ?? speech.endSilence),
          noInput: 10_000)))
  }
}

extension Configuration.TLS {
  /// The files, as a listener wants them.
  package var files: TLSFiles { TLSFiles(certificate: certificate, key: key, clientCA: clientCA) }
}

extension Configuration.AdminTLS {
  /// The files, as a listener wants them.
  package var files: TLSFiles { TLSFiles(certificate: certificate, key: key) }
}

extension Configuration {
  /// Where and how calls are taken.
  ///
  /// - Parameter process: of several that share the port, this one: it has a port of its own besides.
  func serverConfiguration(of process: Int?) -> GRPCServer.Configuration {
    let security: GRPCServer.Configuration.Security =
      listen.tls.map { .tls($0.files) } ?? .plaintext
    var arguments = ChannelArguments.server
    var listeners = [GRPCServer.Configuration.Listener(address: "\(listen.address)", security: security)]
    if let process {
      arguments["grpc.so_reuseport"] = 1
      listeners.append(.init(address: "\(listen.ownAddress(of: process))", security: security))
    }
    return .init(
      listeners: listeners, channelArguments: arguments, maximumSendQueue: 4 << 20, statusHold: limits.statusHold)
  }
}

extension Configuration.Listen {
  /// Where one of several processes alone listens: at the port that the configuration gives it, or for itself.
  func ownAddress(of process: Int) -> NetworkAddress {
    guard let first = processPorts else { return NetworkAddress(host: "127.0.0.1", port: 0) }
    return NetworkAddress(host: address.host, port: UInt16(clamping: first + process))
  }
}

extension Configuration {
  /// The hosts that Webex connects to over gRPC.
  package var namedHosts: [(host: String, purpose: String)] { namedHosts(ofSockets: false) }

  /// The hosts that Webex connects to over gRPC, or over WebSocket, each with the tenant that has it: what the certificate
  /// of that port has to name.
  package func namedHosts(ofSockets: Bool) -> [(host: String, purpose: String)] {
    var seen: Set<String> = []
    return identity.tenants.compactMap { tenant in
      guard tenant.usesSocket == ofSockets, let host = URLComponents(string: tenant.url)?.host?.lowercased(),
        seen.insert(host).inserted
      else {
        return nil
      }
      let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
      return (name, "the host of \(tenant.name)'s url")
    }
  }
}
